// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// Where deposits to L2 begin. Withdrawals cannot be proved or finalized here.
/// See OP specs: Deposits, "Deposit Contract".
contract OptimismPortal {
    error OptimismPortal_BadTarget();
    error OptimismPortal_GasLimitTooLow();
    error OptimismPortal_CalldataTooLarge();

    event TransactionDeposited(address indexed from, address indexed to, uint256 indexed version, bytes opaqueData);

    uint256 private constant DEPOSIT_VERSION = 0;
    uint64 private constant RECEIVE_GAS_LIMIT = 100_000;
    /// A deposit has to fit into a message of the peer-to-peer network.
    uint256 private constant MAX_DATA = 120_000;
    uint160 private constant ALIAS_OFFSET = uint160(0x1111000000000000000000000000000000001111);

    // Slot 0: set by the genesis
    address public systemConfig;

    /// Ether sent to the portal is deposited for its sender.
    receive() external payable {
        depositTransaction(msg.sender, msg.value, RECEIVE_GAS_LIMIT, false, "");
    }

    function version() external pure returns (string memory) {
        return "5.0.0-devnet";
    }

    /// Ether that is not deposited.
    function donateETH() external payable {}

    /// The least gas limit of a deposit with so many bytes of data: it pays for the data on L1's behalf.
    function minimumGasLimit(uint64 byteCount) public pure returns (uint64) {
        return byteCount * 40 + 21_000;
    }

    function depositTransaction(address to, uint256 value, uint64 gasLimit, bool isCreation, bytes memory data)
        public
        payable
    {
        if (isCreation && to != address(0)) revert OptimismPortal_BadTarget();
        if (gasLimit < minimumGasLimit(uint64(data.length))) revert OptimismPortal_GasLimitTooLow();
        if (data.length > MAX_DATA) revert OptimismPortal_CalldataTooLarge();
        bytes memory opaque = abi.encodePacked(msg.value, value, gasLimit, isCreation, data);
        emit TransactionDeposited(depositor(), to, DEPOSIT_VERSION, opaque);
    }

    /// The sender as L2 sees it: a contract's address is moved, lest another contract of the same address on L2 be
    /// taken for it. An account that has delegated its code (EIP-7702) still has a key, and is no contract.
    function depositor() private view returns (address) {
        if (msg.sender == tx.origin) return msg.sender;
        bytes memory code = msg.sender.code;
        if (code.length == 23 && bytes3(code) == 0xef0100) return msg.sender;
        unchecked {
            return address(uint160(msg.sender) + ALIAS_OFFSET);
        }
    }
}
