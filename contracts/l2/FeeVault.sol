// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// Collects one kind of fee; anybody may send what it holds to its recipient on L2.
/// See OP specs: Predeploys, "SequencerFeeVault", "BaseFeeVault", "L1FeeVault", "OperatorFeeVault".
contract FeeVault {
    event Withdrawal(uint256 value, address to, address from, uint8 withdrawalNetwork);

    /// 0 is L1, 1 is L2.
    uint8 public constant WITHDRAWAL_NETWORK = 1;
    uint256 public constant MIN_WITHDRAWAL_AMOUNT = 0;

    // Slot 0
    uint256 public totalProcessed;
    // Slot 1: set by the genesis
    address public RECIPIENT;

    receive() external payable {}

    function version() external pure returns (string memory) {
        return "1.5.0-devnet";
    }

    function recipient() external view returns (address) {
        return RECIPIENT;
    }

    function minWithdrawalAmount() external pure returns (uint256) {
        return MIN_WITHDRAWAL_AMOUNT;
    }

    function withdrawalNetwork() external pure returns (uint8) {
        return WITHDRAWAL_NETWORK;
    }

    function withdraw() external returns (uint256 value) {
        value = address(this).balance;
        totalProcessed += value;
        emit Withdrawal(value, RECIPIENT, msg.sender, WITHDRAWAL_NETWORK);
        (bool success,) = RECIPIENT.call{value: value}("");
        require(success, "FeeVault: failed to send ETH to L2 fee recipient");
    }
}
