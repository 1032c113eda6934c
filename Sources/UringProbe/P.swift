import UringTrace
