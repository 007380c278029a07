// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

interface IL1Block {
    function basefee() external view returns (uint256);
    function blobBaseFee() external view returns (uint256);
    function baseFeeScalar() external view returns (uint32);
    function blobBaseFeeScalar() external view returns (uint32);
    function l1FeeOverhead() external view returns (uint256);
    function l1FeeScalar() external view returns (uint256);
    function operatorFeeScalar() external view returns (uint32);
    function operatorFeeConstant() external view returns (uint64);
}

/// What L2 charges for the data of a transaction, as execution computes it from L1Block.
/// See OP specs: Predeploys, "GasPriceOracle", and each upgrade's fees.
contract GasPriceOracle {
    uint256 public constant DECIMALS = 6;
    address private constant DEPOSITOR = 0xDeaDDEaDDeAdDeAdDEAdDEaddeAddEAdDEAd0001;
    IL1Block private constant L1_BLOCK = IL1Block(0x4200000000000000000000000000000000000015);
    /// Bytes of a signature, which the caller's transaction does not have yet. None of them is taken for a zero.
    uint256 private constant SIGNATURE = 68;

    // Slot 0: which rules hold. Upgrades set them, or the genesis.
    bool public isEcotone;
    bool public isFjord;
    bool public isIsthmus;
    bool public isJovian;

    function version() external pure returns (string memory) {
        return "1.6.0-devnet";
    }

    function setEcotone() external {
        onlyDepositor(isEcotone, true);
        isEcotone = true;
    }

    function setFjord() external {
        onlyDepositor(isFjord, isEcotone);
        isFjord = true;
    }

    function setIsthmus() external {
        onlyDepositor(isIsthmus, isFjord);
        isIsthmus = true;
    }

    function setJovian() external {
        onlyDepositor(isJovian, isIsthmus);
        isJovian = true;
    }

    /// Wei for a transaction's data. `data` is the transaction, unsigned.
    function getL1Fee(bytes memory data) external view returns (uint256) {
        if (isFjord) return fjordFee(flzCompressLength(data) + SIGNATURE);
        uint256 gas = calldataGas(data);
        if (isEcotone) return (gas * weightedPrice()) / (16 * 10 ** DECIMALS);
        return ((gas + overhead()) * l1BaseFee() * scalar()) / 10 ** DECIMALS;
    }

    /// At most what {getL1Fee} gives for a transaction of so many bytes, whatever is in it.
    function getL1FeeUpperBound(uint256 unsignedSize) external view returns (uint256) {
        require(isFjord, "GasPriceOracle: getL1FeeUpperBound only supports Fjord");
        uint256 size = unsignedSize + SIGNATURE;
        return fjordFee(size + size / 255 + 16);
    }

    /// L1 gas that the fee stands for.
    function getL1GasUsed(bytes memory data) external view returns (uint256) {
        if (isFjord) return (estimatedSize(flzCompressLength(data) + SIGNATURE) * 16) / 10 ** DECIMALS;
        return isEcotone ? calldataGas(data) : calldataGas(data) + overhead();
    }

    /// Wei of operator fee for an amount of gas.
    function getOperatorFee(uint256 gasUsed) external view returns (uint256) {
        if (!isIsthmus) return 0;
        uint256 product = gasUsed * L1_BLOCK.operatorFeeScalar();
        uint256 variablePart = isJovian ? product * 100 : product / 10 ** DECIMALS;
        return variablePart + L1_BLOCK.operatorFeeConstant();
    }

    function gasPrice() external view returns (uint256) {
        return block.basefee;
    }

    function baseFee() external view returns (uint256) {
        return block.basefee;
    }

    function decimals() external pure returns (uint256) {
        return DECIMALS;
    }

    function overhead() public view returns (uint256) {
        require(!isEcotone, "GasPriceOracle: overhead() is deprecated");
        return L1_BLOCK.l1FeeOverhead();
    }

    function scalar() public view returns (uint256) {
        require(!isEcotone, "GasPriceOracle: scalar() is deprecated");
        return L1_BLOCK.l1FeeScalar();
    }

    function l1BaseFee() public view returns (uint256) {
        return L1_BLOCK.basefee();
    }

    function blobBaseFee() public view returns (uint256) {
        return L1_BLOCK.blobBaseFee();
    }

    function baseFeeScalar() public view returns (uint32) {
        return L1_BLOCK.baseFeeScalar();
    }

    function blobBaseFeeScalar() public view returns (uint32) {
        return L1_BLOCK.blobBaseFeeScalar();
    }

    /// An upgrade's switch is turned once, after the one before it.
    function onlyDepositor(bool done, bool prior) private view {
        require(msg.sender == DEPOSITOR, "GasPriceOracle: only the depositor account can set a flag");
        require(!done, "GasPriceOracle: flag already set");
        require(prior, "GasPriceOracle: the upgrade before is not active");
    }

    /// Price of L1 gas and blobs, in wei times 16 million.
    function weightedPrice() private view returns (uint256) {
        return 16 * l1BaseFee() * baseFeeScalar() + blobBaseFee() * blobBaseFeeScalar();
    }

    function fjordFee(uint256 fastLzSize) private view returns (uint256) {
        return (estimatedSize(fastLzSize) * weightedPrice()) / 10 ** (2 * DECIMALS);
    }

    /// Of a transaction in a batch, in millionths of a byte.
    function estimatedSize(uint256 fastLzSize) private pure returns (uint256) {
        uint256 scaled = 836_500 * fastLzSize;
        return scaled < 42_585_600 + 100_000_000 ? 100_000_000 : scaled - 42_585_600;
    }

    function calldataGas(bytes memory data) private pure returns (uint256 gas) {
        for (uint256 i = 0; i < data.length; i++) gas += data[i] == 0 ? 4 : 16;
        return gas + SIGNATURE * 16;
    }

    /// The length that FastLZ (level 1) compresses to. Tokens are counted, not written.
    /// See OP specs: Fjord, "FastLZ Implementation".
    function flzCompressLength(bytes memory input) private pure returns (uint256 length) {
        unchecked {
            uint256 limit = input.length < 13 ? 0 : input.length - 13;
            // The last position of each hash, four bytes each.
            bytes memory table = new bytes(4 << 13);
            uint256 anchor = 0;
            uint256 at = 2;
            while (at < limit) {
                uint256 candidate;
                while (true) {
                    uint256 value = triple(input, at);
                    candidate = exchange(table, value, at);
                    uint256 distance = at - candidate;
                    ++at;
                    if (at > limit || (distance < 0x2000 && value == triple(input, candidate))) break;
                }
                if (at >= limit) break;
                --at;
                if (at > anchor) length += literals(at - anchor);
                uint256 matched = 0;
                // The first byte that differs is counted, too.
                for (uint256 span = limit + 9 - at - 3; matched < span; ++matched) {
                    if (input[candidate + 3 + matched] != input[at + 3 + matched]) span = 0;
                }
                length += ((matched - 1) / 262) * 3 + ((matched - 1) % 262 >= 6 ? 3 : 2);
                at += matched;
                exchange(table, triple(input, at), at);
                exchange(table, triple(input, at + 1), at + 1);
                at += 2;
                anchor = at;
            }
            return length + literals(input.length - anchor);
        }
    }

    /// Bytes that stand for themselves: one more for each 32 of them.
    function literals(uint256 count) private pure returns (uint256) {
        return count + (count + 31) / 32;
    }

    /// Three bytes, the first one lowest.
    function triple(bytes memory input, uint256 at) private pure returns (uint256 value) {
        assembly {
            let word := mload(add(add(input, 32), at))
            value := or(byte(0, word), or(shl(8, byte(1, word)), shl(16, byte(2, word))))
        }
    }

    /// Notes the position of a value, and gives the one before.
    function exchange(bytes memory table, uint256 value, uint256 at) private pure returns (uint256 before) {
        assembly {
            let hash := and(shr(19, mul(2654435769, value)), 0x1fff)
            let slot := add(add(table, 32), shl(2, hash))
            let word := mload(slot)
            before := shr(224, word)
            mstore(slot, or(shl(224, at), and(word, sub(shl(224, 1), 1))))
        }
    }
}
