"""What can be wrong in a tariff, one module for each part of one."""
