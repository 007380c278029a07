// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// What the wallets of the examples deploy. `counter.js` holds it compiled.
contract Counter {
    error OnlyUp(uint256 count);

    event Raised(address indexed by, uint256 count);

    uint256 public count;

    constructor(uint256 start) {
        count = start;
    }

    function raiseTo(uint256 to) external payable {
        if (to <= count) revert OnlyUp(count);
        count = to;
        emit Raised(msg.sender, to);
    }
}
