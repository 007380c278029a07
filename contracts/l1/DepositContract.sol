// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// Where validators of L1 are made: execution turns its event into a request (EIP-6110). It keeps no Merkle tree, and
/// does not check the root of what it is given.
contract DepositContract {
    event DepositEvent(bytes pubkey, bytes withdrawal_credentials, bytes amount, bytes signature, bytes index);

    uint256 private constant MIN_DEPOSIT = 1 ether;

    uint64 private count;

    function deposit(
        bytes calldata pubkey,
        bytes calldata withdrawal_credentials,
        bytes calldata signature,
        bytes32 /* deposit_data_root */
    ) external payable {
        require(pubkey.length == 48, "DepositContract: invalid pubkey length");
        require(withdrawal_credentials.length == 32, "DepositContract: invalid withdrawal_credentials length");
        require(signature.length == 96, "DepositContract: invalid signature length");
        require(msg.value >= MIN_DEPOSIT, "DepositContract: deposit value too low");
        require(msg.value % 1 gwei == 0, "DepositContract: deposit value not multiple of gwei");
        require(msg.value / 1 gwei <= type(uint64).max, "DepositContract: deposit value too high");
        bytes memory amount = littleEndian(uint64(msg.value / 1 gwei));
        emit DepositEvent(pubkey, withdrawal_credentials, amount, signature, littleEndian(count));
        count++;
    }

    function get_deposit_count() external view returns (bytes memory) {
        return littleEndian(count);
    }

    function littleEndian(uint64 value) private pure returns (bytes memory out) {
        out = new bytes(8);
        for (uint256 i = 0; i < 8; i++) out[i] = bytes1(uint8(value >> (8 * i)));
    }
}
