import NIOCore
import NIOHTTP1
import NIOPosix

public func probe() -> String { "\(HTTPResponseStatus.ok)" }
