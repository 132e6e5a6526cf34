"""The command line `kho`: each command does what a DAG's task does, through the same function."""
