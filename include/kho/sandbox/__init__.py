"""The province's source systems, simulated over real HTTP and real SQL.

What they show is a pure function of (seed, size, epoch date, clock date). `kho.sandbox.world` holds
that function, `kho.sandbox.server` serves it, `kho.sandbox.process` starts and stops it.
"""
