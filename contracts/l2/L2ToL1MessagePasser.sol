// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// Where withdrawals to L1 begin. Its storage root is what L1 proves them against.
/// See OP specs: Withdrawals, "The L2ToL1MessagePasser Contract".
contract L2ToL1MessagePasser {
    event MessagePassed(
        uint256 indexed nonce,
        address indexed sender,
        address indexed target,
        uint256 value,
        uint256 gasLimit,
        bytes data,
        bytes32 withdrawalHash
    );
    event WithdrawerBalanceBurnt(uint256 indexed amount);

    uint16 public constant MESSAGE_VERSION = 1;
    uint256 private constant RECEIVE_GAS_LIMIT = 100_000;

    // Slot 0: what is proved on L1
    mapping(bytes32 => bool) public sentMessages;
    // Slot 1
    uint240 private nonce;

    receive() external payable {
        initiateWithdrawal(msg.sender, RECEIVE_GAS_LIMIT, "");
    }

    function version() external pure returns (string memory) {
        return "1.2.0-devnet";
    }

    /// The nonce of the next message, with the version in its first two bytes.
    function messageNonce() public view returns (uint256) {
        return (uint256(MESSAGE_VERSION) << 240) | nonce;
    }

    function initiateWithdrawal(address target, uint256 gasLimit, bytes memory data) public payable {
        uint256 current = messageNonce();
        bytes32 withdrawal = keccak256(abi.encode(current, msg.sender, target, msg.value, gasLimit, data));
        sentMessages[withdrawal] = true;
        emit MessagePassed(current, msg.sender, target, msg.value, gasLimit, data, withdrawal);
        ++nonce;
    }

    /// Takes the ether of withdrawals out of existence on L2.
    function burn() external {
        uint256 amount = address(this).balance;
        new Burner{value: amount}();
        emit WithdrawerBalanceBurnt(amount);
    }
}

/// Destroyed in the transaction that creates it, with what it holds.
contract Burner {
    constructor() payable {
        selfdestruct(payable(address(this)));
    }
}
