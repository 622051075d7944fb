"""Whether the tests notice a fault: single changes to critical modules, each tried against that module's tests."""
