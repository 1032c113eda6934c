/// Names of URING_CMD commands (`cmd_op`).
public enum DriverCommand {
  /// Returns the name of a command; nil if unknown.
  ///
  /// - Parameter isSocket: true if the request's file is a socket, whose commands are numbered from
  ///   0. The numbers of all other commands identify their driver: most are ioctl numbers, which
  ///   contain a letter for the driver.
  public static func name(_ number: UInt32, isSocket: Bool = false) -> String? {
    let name: StaticString? =
      if isSocket {
        number < sockets.count ? sockets[Int(number)] : nil
      } else {
        GroupProviderTraits.command(number)?.command.name
          ?? others.first { $0.number == number }?.name
      }
    return name.map { "\($0)" }
  }

  /// `enum io_uring_socket_op`, include/uapi/linux/io_uring.h: the first are of 6.7 and 6.8, the
  /// last two of 6.16.
  private static let sockets: [StaticString] = [
    "SOCKET_URING_OP_SIOCINQ", "SOCKET_URING_OP_SIOCOUTQ", "SOCKET_URING_OP_GETSOCKOPT",
    "SOCKET_URING_OP_SETSOCKOPT", "SOCKET_URING_OP_TX_TIMESTAMP", "SOCKET_URING_OP_GETSOCKNAME",
  ]

  private static let others: [(number: UInt32, name: StaticString)] = [
    // include/uapi/linux/ublk_cmd.h: commands of the control device, with struct ublksrv_ctrl_cmd.
    (0x8020_7501, "UBLK_U_CMD_GET_QUEUE_AFFINITY"), (0x8020_7502, "UBLK_U_CMD_GET_DEV_INFO"),
    (0xc020_7504, "UBLK_U_CMD_ADD_DEV"), (0xc020_7505, "UBLK_U_CMD_DEL_DEV"),
    (0xc020_7506, "UBLK_U_CMD_START_DEV"), (0xc020_7507, "UBLK_U_CMD_STOP_DEV"),
    (0xc020_7508, "UBLK_U_CMD_SET_PARAMS"), (0x8020_7509, "UBLK_U_CMD_GET_PARAMS"),
    (0xc020_7510, "UBLK_U_CMD_START_USER_RECOVERY"), (0xc020_7511, "UBLK_U_CMD_END_USER_RECOVERY"),
    (0x8020_7512, "UBLK_U_CMD_GET_DEV_INFO2"), (0x8020_7513, "UBLK_U_CMD_GET_FEATURES"),
    (0x8020_7514, "UBLK_U_CMD_DEL_DEV_ASYNC"), (0xc020_7515, "UBLK_U_CMD_UPDATE_SIZE"),
    (0xc020_7516, "UBLK_U_CMD_QUIESCE_DEV"), (0xc020_7517, "UBLK_U_CMD_TRY_STOP_DEV"),
    (0xc020_7518, "UBLK_U_CMD_REG_BUF"), (0xc020_7519, "UBLK_U_CMD_UNREG_BUF"),
    // A command of a ublk device, with struct ublksrv_io_cmd. The other commands of ublk devices
    // are in ``GroupProvider/ublk`` and ``GroupProvider/ublkAuto``.
    (0xc010_7522, "UBLK_U_IO_NEED_GET_DATA"),
    // include/uapi/linux/nvme_ioctl.h: with struct nvme_uring_cmd.
    (0xc048_4e80, "NVME_URING_CMD_IO"), (0xc048_4e81, "NVME_URING_CMD_IO_VEC"),
    (0xc048_4e82, "NVME_URING_CMD_ADMIN"), (0xc048_4e83, "NVME_URING_CMD_ADMIN_VEC"),
    // include/uapi/linux/blkdev.h (6.12).
    (0x1200, "BLOCK_URING_CMD_DISCARD"),
    // include/uapi/linux/btrfs.h: with struct btrfs_ioctl_encoded_io_args (6.13 for the read, 6.14
    // for the write).
    (0x8080_9440, "BTRFS_IOC_ENCODED_READ"), (0x4080_9440, "BTRFS_IOC_ENCODED_WRITE"),
  ]
}

extension Request.Core {
  /// The driver command (`cmd_op`) of the request; nil if it has none or it is unknown.
  package var driverCommand: UInt32? {
    opcode.isDriverCommand && knows(.off) ? UInt32(truncatingIfNeeded: sqe.off) : nil
  }
}

extension Request {
  /// The name of the request's driver command; nil if it has none or it is unknown.
  public var commandName: String? {
    core.driverCommand.flatMap {
      DriverCommand.name($0, isSocket: fileIdentity?.isSocket ?? false)
    }
  }
}
