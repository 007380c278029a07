// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// What L1 sets for an L2 chain: each change is an event, which derivation reads.
/// See OP specs: System Config.
contract SystemConfig {
    /// The number of each type is what the event holds.
    enum UpdateType {
        BATCHER,
        FEE_SCALARS,
        GAS_LIMIT,
        UNSAFE_BLOCK_SIGNER,
        EIP_1559_PARAMS,
        OPERATOR_FEE_PARAMS,
        MIN_BASE_FEE,
        DA_FOOTPRINT_GAS_SCALAR
    }

    event ConfigUpdate(uint256 indexed version, UpdateType indexed updateType, bytes data);
    event OwnershipTransferred(address indexed previousOwner, address indexed newOwner);

    uint256 public constant VERSION = 0;
    /// op-node reads the signer of unsafe blocks from here.
    bytes32 public constant UNSAFE_BLOCK_SIGNER_SLOT = keccak256("systemconfig.unsafeblocksigner");
    /// Nothing is less than the system transactions of a block need.
    uint64 public constant minimumGasLimit = 21_000_000;
    uint64 public constant maximumGasLimit = 500_000_000;

    // Slots 0 to 5 are set by the genesis.
    address public owner;
    bytes32 public batcherHash;
    uint256 public overhead;
    uint256 public scalar;
    // Slot 4
    uint64 public gasLimit;
    uint32 public eip1559Denominator;
    uint32 public eip1559Elasticity;
    uint32 public operatorFeeScalar;
    uint64 public operatorFeeConstant;
    // Slot 5
    uint64 public minBaseFee;
    uint16 public daFootprintGasScalar;
    address public optimismPortal;

    modifier onlyOwner() {
        require(msg.sender == owner, "Ownable: caller is not the owner");
        _;
    }

    function version() external pure returns (string memory) {
        return "3.11.0-devnet";
    }

    function basefeeScalar() external view returns (uint32) {
        return uint32(scalar);
    }

    function blobbasefeeScalar() external view returns (uint32) {
        return scalar >> 248 == 0 ? 0 : uint32(scalar >> 32);
    }

    function unsafeBlockSigner() external view returns (address signer) {
        bytes32 slot = UNSAFE_BLOCK_SIGNER_SLOT;
        assembly {
            signer := sload(slot)
        }
    }

    function transferOwnership(address to) external onlyOwner {
        require(to != address(0), "Ownable: new owner is the zero address");
        emit OwnershipTransferred(owner, to);
        owner = to;
    }

    function setBatcherHash(address batcher) external {
        setBatcherHash(bytes32(uint256(uint160(batcher))));
    }

    function setBatcherHash(bytes32 value) public onlyOwner {
        batcherHash = value;
        emit ConfigUpdate(VERSION, UpdateType.BATCHER, abi.encode(value));
    }

    /// Before Ecotone.
    function setGasConfig(uint256 _overhead, uint256 _scalar) external onlyOwner {
        require(_scalar >> 248 == 0, "SystemConfig: scalar exceeds max.");
        setFeeScalars(_overhead, _scalar);
    }

    /// The scalars share a word of version 1.
    function setGasConfigEcotone(uint32 _basefeeScalar, uint32 _blobbasefeeScalar) external onlyOwner {
        setFeeScalars(0, (uint256(1) << 248) | (uint256(_blobbasefeeScalar) << 32) | _basefeeScalar);
    }

    function setGasLimit(uint64 value) external onlyOwner {
        require(value >= minimumGasLimit, "SystemConfig: gas limit too low");
        require(value <= maximumGasLimit, "SystemConfig: gas limit too high");
        gasLimit = value;
        emit ConfigUpdate(VERSION, UpdateType.GAS_LIMIT, abi.encode(value));
    }

    function setUnsafeBlockSigner(address signer) external onlyOwner {
        bytes32 slot = UNSAFE_BLOCK_SIGNER_SLOT;
        assembly {
            sstore(slot, signer)
        }
        emit ConfigUpdate(VERSION, UpdateType.UNSAFE_BLOCK_SIGNER, abi.encode(signer));
    }

    function setEIP1559Params(uint32 denominator, uint32 elasticity) external onlyOwner {
        require(denominator >= 1, "SystemConfig: denominator must be >= 1");
        require(elasticity >= 1, "SystemConfig: elasticity must be >= 1");
        eip1559Denominator = denominator;
        eip1559Elasticity = elasticity;
        bytes memory data = abi.encode((uint256(denominator) << 32) | elasticity);
        emit ConfigUpdate(VERSION, UpdateType.EIP_1559_PARAMS, data);
    }

    function setOperatorFeeScalars(uint32 feeScalar, uint64 feeConstant) external onlyOwner {
        operatorFeeScalar = feeScalar;
        operatorFeeConstant = feeConstant;
        bytes memory data = abi.encode((uint256(feeScalar) << 64) | feeConstant);
        emit ConfigUpdate(VERSION, UpdateType.OPERATOR_FEE_PARAMS, data);
    }

    function setMinBaseFee(uint64 value) external onlyOwner {
        minBaseFee = value;
        emit ConfigUpdate(VERSION, UpdateType.MIN_BASE_FEE, abi.encode(value));
    }

    function setDAFootprintGasScalar(uint16 value) external onlyOwner {
        daFootprintGasScalar = value;
        emit ConfigUpdate(VERSION, UpdateType.DA_FOOTPRINT_GAS_SCALAR, abi.encode(value));
    }

    function setFeeScalars(uint256 _overhead, uint256 _scalar) private {
        overhead = _overhead;
        scalar = _scalar;
        emit ConfigUpdate(VERSION, UpdateType.FEE_SCALARS, abi.encode(_overhead, _scalar));
    }
}
