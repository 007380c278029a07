// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Identifier} from "./CrossL2Inbox.sol";

interface ICrossL2Inbox {
    function validateMessage(Identifier calldata id, bytes32 msgHash) external;
}

/// Calls from one L2 chain to another: each is delivered once, to the chain and the contract that it names.
/// See OP specs: Interop, Predeploys, "L2ToL2CrossDomainMessenger".
contract L2ToL2CrossDomainMessenger {
    error MessageDestinationSameChain();
    error MessageTargetL2ToL2CrossDomainMessenger();
    error MessageDestinationNotRelayChain();
    error MessageAlreadyRelayed();
    error IdOriginNotL2ToL2CrossDomainMessenger();
    error EventPayloadNotSentMessage();
    error InvalidMessage();
    error NotEntered();
    error ReentrantCall();

    event SentMessage(
        uint256 indexed destination, address indexed target, uint256 indexed messageNonce, address sender, bytes message
    );
    event RelayedMessage(
        uint256 indexed source, uint256 indexed messageNonce, bytes32 indexed messageHash, bytes32 returnDataHash
    );

    uint16 public constant messageVersion = 0;
    ICrossL2Inbox private constant INBOX = ICrossL2Inbox(0x4200000000000000000000000000000000000022);

    mapping(bytes32 => bool) public successfulMessages;
    mapping(bytes32 => bool) public sentMessages;
    uint240 private nonce;
    /// Of the message that is being delivered; no sender, no delivery.
    address private currentSender;
    uint256 private currentSource;

    modifier duringDelivery() {
        if (currentSender == address(0)) revert NotEntered();
        _;
    }

    function version() external pure returns (string memory) {
        return "1.2.0-devnet";
    }

    function messageNonce() public view returns (uint256) {
        return (uint256(messageVersion) << 240) | nonce;
    }

    function crossDomainMessageSender() external view duringDelivery returns (address) {
        return currentSender;
    }

    function crossDomainMessageSource() external view duringDelivery returns (uint256) {
        return currentSource;
    }

    function crossDomainMessageContext() external view duringDelivery returns (address sender, uint256 source) {
        return (currentSender, currentSource);
    }

    function sendMessage(uint256 destination, address target, bytes calldata message)
        external
        returns (bytes32 messageHash)
    {
        if (destination == block.chainid) revert MessageDestinationSameChain();
        if (target == address(this)) revert MessageTargetL2ToL2CrossDomainMessenger();
        uint256 current = messageNonce();
        messageHash = hashMessage(destination, block.chainid, current, msg.sender, target, message);
        sentMessages[messageHash] = true;
        ++nonce;
        emit SentMessage(destination, target, current, msg.sender, message);
    }

    /// Emits the event of a message that was sent before again.
    function resendMessage(
        uint256 destination,
        uint256 messageNonce_,
        address sender,
        address target,
        bytes calldata message
    ) external returns (bytes32 messageHash) {
        messageHash = hashMessage(destination, block.chainid, messageNonce_, sender, target, message);
        if (!sentMessages[messageHash]) revert InvalidMessage();
        emit SentMessage(destination, target, messageNonce_, sender, message);
    }

    /// @param payload the topics and data of the SentMessage event
    function relayMessage(Identifier calldata id, bytes calldata payload) external payable returns (bytes memory) {
        if (currentSender != address(0)) revert ReentrantCall();
        if (id.origin != address(this)) revert IdOriginNotL2ToL2CrossDomainMessenger();
        INBOX.validateMessage(id, keccak256(payload));
        if (bytes32(payload[:32]) != SentMessage.selector) revert EventPayloadNotSentMessage();
        (uint256 destination, address target, uint256 messageNonce_) =
            abi.decode(payload[32:128], (uint256, address, uint256));
        if (destination != block.chainid) revert MessageDestinationNotRelayChain();
        (address sender, bytes memory message) = abi.decode(payload[128:], (address, bytes));
        bytes32 messageHash = hashMessage(destination, id.chainId, messageNonce_, sender, target, message);
        if (successfulMessages[messageHash]) revert MessageAlreadyRelayed();
        successfulMessages[messageHash] = true;
        bytes memory returned = deliver(sender, id.chainId, target, message);
        emit RelayedMessage(id.chainId, messageNonce_, messageHash, keccak256(returned));
        return returned;
    }

    /// What the target reverts with is what the caller sees.
    function deliver(address sender, uint256 source, address target, bytes memory message)
        private
        returns (bytes memory)
    {
        (currentSender, currentSource) = (sender, source);
        (bool success, bytes memory returned) = target.call{value: msg.value}(message);
        if (!success) {
            assembly {
                revert(add(returned, 32), mload(returned))
            }
        }
        (currentSender, currentSource) = (address(0), 0);
        return returned;
    }

    function hashMessage(
        uint256 destination,
        uint256 source,
        uint256 messageNonce_,
        address sender,
        address target,
        bytes memory message
    ) private pure returns (bytes32) {
        return keccak256(abi.encode(destination, source, messageNonce_, sender, target, message));
    }
}
