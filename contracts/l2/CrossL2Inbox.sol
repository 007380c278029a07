// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// Which log of which chain a message is.
struct Identifier {
    address origin;
    uint256 blockNumber;
    uint256 logIndex;
    uint256 timestamp;
    uint256 chainId;
}

/// Where messages of other chains are executed. What it lets pass is checked outside of the EVM: it sees to it that the
/// transaction's access list states the message, so that it can be.
/// See OP specs: Interop, Predeploys, "CrossL2Inbox".
contract CrossL2Inbox {
    error NotInAccessList();
    error BlockNumberTooHigh();
    error TimestampTooHigh();
    error LogIndexTooHigh();

    event ExecutingMessage(bytes32 indexed msgHash, Identifier id);

    /// More than a warm slot costs, and less than a cold one.
    uint256 private constant WARM_READ_THRESHOLD = 1000;
    bytes32 private constant TYPE_MASK = bytes32(type(uint256).max >> 8);
    bytes32 private constant CHECKSUM_TYPE = bytes32(uint256(3) << 248);

    function version() external pure returns (string memory) {
        return "1.0.0-devnet";
    }

    function validateMessage(Identifier calldata id, bytes32 msgHash) external {
        if (!isWarm(calculateChecksum(id, msgHash))) revert NotInAccessList();
        emit ExecutingMessage(msgHash, id);
    }

    /// The storage key that stands for a message in access lists.
    function calculateChecksum(Identifier memory id, bytes32 msgHash) public pure returns (bytes32) {
        if (id.blockNumber > type(uint64).max) revert BlockNumberTooHigh();
        if (id.logIndex > type(uint32).max) revert LogIndexTooHigh();
        if (id.timestamp > type(uint64).max) revert TimestampTooHigh();
        bytes32 logHash = keccak256(abi.encodePacked(id.origin, msgHash));
        bytes32 position =
            bytes32(abi.encodePacked(uint96(0), uint64(id.blockNumber), uint64(id.timestamp), uint32(id.logIndex)));
        bytes32 idLogHash = keccak256(abi.encodePacked(logHash, position));
        return (keccak256(abi.encodePacked(idLogHash, id.chainId)) & TYPE_MASK) | CHECKSUM_TYPE;
    }

    /// Whether the access list names a slot of this contract, which never writes one.
    function isWarm(bytes32 slot) private view returns (bool warm) {
        assembly {
            let left := gas()
            let value := sload(slot)
            let cost := sub(left, gas())
            warm := and(lt(cost, WARM_READ_THRESHOLD), iszero(value))
        }
    }
}
