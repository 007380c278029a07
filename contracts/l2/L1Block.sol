// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// What L2 knows of its L1 origin. The L1-attributes transaction, first of every block, sets it.
/// Execution reads the slots of this layout for its fees, so their order is part of the protocol.
/// See OP specs: "L1 Attributes Predeployed Contract", Ecotone, Isthmus and Jovian "L1 attributes".
contract L1Block {
    error NotDepositor();

    address public constant DEPOSITOR_ACCOUNT = 0xDeaDDEaDDeAdDeAdDEAdDEaddeAddEAdDEAd0001;

    // Slot 0
    uint64 public number;
    uint64 public timestamp;
    // Slot 1
    uint256 public basefee;
    // Slot 2
    bytes32 public hash;
    // Slot 3
    uint64 public sequenceNumber;
    uint32 public blobBaseFeeScalar;
    uint32 public baseFeeScalar;
    // Slot 4
    bytes32 public batcherHash;
    // Slots 5 and 6: before Ecotone
    uint256 public l1FeeOverhead;
    uint256 public l1FeeScalar;
    // Slot 7
    uint256 public blobBaseFee;
    // Slot 8: from Isthmus, the footprint from Jovian
    uint64 public operatorFeeConstant;
    uint32 public operatorFeeScalar;
    uint16 public daFootprintGasScalar;

    modifier onlyDepositor() {
        if (msg.sender != DEPOSITOR_ACCOUNT) revert NotDepositor();
        _;
    }

    function version() external pure returns (string memory) {
        return "1.8.0-devnet";
    }

    function gasPayingToken() external pure returns (address, uint8) {
        return (0xEeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE, 18);
    }

    function gasPayingTokenName() external pure returns (string memory) {
        return "Ether";
    }

    function gasPayingTokenSymbol() external pure returns (string memory) {
        return "ETH";
    }

    function isCustomGasToken() external pure returns (bool) {
        return false;
    }

    function setL1BlockValues(
        uint64 _number,
        uint64 _timestamp,
        uint256 _basefee,
        bytes32 _hash,
        uint64 _sequenceNumber,
        bytes32 _batcherHash,
        uint256 _l1FeeOverhead,
        uint256 _l1FeeScalar
    ) external {
        require(msg.sender == DEPOSITOR_ACCOUNT, "L1Block: only the depositor account can set L1 block values");
        number = _number;
        timestamp = _timestamp;
        basefee = _basefee;
        hash = _hash;
        sequenceNumber = _sequenceNumber;
        batcherHash = _batcherHash;
        l1FeeOverhead = _l1FeeOverhead;
        l1FeeScalar = _l1FeeScalar;
    }

    function setL1BlockValuesEcotone() external onlyDepositor {
        setEcotoneValues();
    }

    function setL1BlockValuesIsthmus() external onlyDepositor {
        setEcotoneValues();
        setOperatorFee();
    }

    function setL1BlockValuesJovian() external onlyDepositor {
        setEcotoneValues();
        setOperatorFee();
        daFootprintGasScalar = uint16(bytes2(msg.data[176:178]));
    }

    /// From Ecotone the arguments stand one behind the other, without the padding of the ABI.
    function setEcotoneValues() private {
        baseFeeScalar = uint32(bytes4(msg.data[4:8]));
        blobBaseFeeScalar = uint32(bytes4(msg.data[8:12]));
        sequenceNumber = uint64(bytes8(msg.data[12:20]));
        timestamp = uint64(bytes8(msg.data[20:28]));
        number = uint64(bytes8(msg.data[28:36]));
        basefee = uint256(bytes32(msg.data[36:68]));
        blobBaseFee = uint256(bytes32(msg.data[68:100]));
        hash = bytes32(msg.data[100:132]);
        batcherHash = bytes32(msg.data[132:164]);
    }

    function setOperatorFee() private {
        operatorFeeScalar = uint32(bytes4(msg.data[164:168]));
        operatorFeeConstant = uint64(bytes8(msg.data[168:176]));
    }
}
