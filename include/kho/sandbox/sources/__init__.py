"""The simulated sources, one module or package for each dataset; see `kho.sandbox.source`."""
