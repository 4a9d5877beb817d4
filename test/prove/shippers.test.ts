/** Every shipper through real rotations, also the one that now and then loses the end of a renamed file. */
process.env.CHECKRD_SHIPPERS = 'all';
await import('../system/shippers.test.js');
