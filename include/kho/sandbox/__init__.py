"""The province's source systems, simulated: real HTTP, real SQL, the same bytes for the same date.

What the sources show is a pure function of (seed, size, epoch date, clock date). `kho.sandbox.world`
holds that function, `kho.sandbox.server` serves it, `kho.sandbox.process` starts and stops the server.
"""
