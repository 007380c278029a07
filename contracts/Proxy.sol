// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// A predeploy's address: code behind it changes by upgrade transactions, which come from the zero address.
/// Slots are those of EIP-1967. The administrator, and the zero address, reach the functions of this contract;
/// everybody else reaches the implementation.
contract Proxy {
    bytes32 private constant IMPLEMENTATION = 0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc;
    bytes32 private constant ADMIN = 0xb53127684a568b3173ae13b9f8a6016e243e63b6e8ee1178d6a717850b5d6103;

    event Upgraded(address indexed implementation);
    event AdminChanged(address previousAdmin, address newAdmin);

    modifier forAdmin() {
        if (msg.sender == load(ADMIN) || msg.sender == address(0)) _;
        else delegate();
    }

    receive() external payable {
        delegate();
    }

    fallback() external payable {
        delegate();
    }

    function upgradeTo(address to) external forAdmin {
        upgrade(to);
    }

    function upgradeToAndCall(address to, bytes calldata data) external payable forAdmin returns (bytes memory) {
        upgrade(to);
        (bool success, bytes memory returned) = to.delegatecall(data);
        require(success, "Proxy: delegatecall to new implementation contract failed");
        return returned;
    }

    function changeAdmin(address to) external forAdmin {
        emit AdminChanged(load(ADMIN), to);
        store(ADMIN, to);
    }

    function admin() external forAdmin returns (address) {
        return load(ADMIN);
    }

    function implementation() external forAdmin returns (address) {
        return load(IMPLEMENTATION);
    }

    function upgrade(address to) private {
        store(IMPLEMENTATION, to);
        emit Upgraded(to);
    }

    /// Never returns to its caller.
    function delegate() private {
        address to = load(IMPLEMENTATION);
        require(to != address(0), "Proxy: implementation not initialized");
        assembly {
            calldatacopy(0, 0, calldatasize())
            let success := delegatecall(gas(), to, 0, calldatasize(), 0, 0)
            returndatacopy(0, 0, returndatasize())
            if iszero(success) { revert(0, returndatasize()) }
            return(0, returndatasize())
        }
    }

    function load(bytes32 slot) private view returns (address value) {
        assembly {
            value := sload(slot)
        }
    }

    function store(bytes32 slot, address value) private {
        assembly {
            sstore(slot, value)
        }
    }
}
