"""Drop folders: what the owners of file sources put there, one folder per connection.

In:  scenes.
Out: each folder as its source leaves it on the scene's date.
"""

from pathlib import Path

from kho.sandbox.registry import drops
from kho.sandbox.world import Scene


class DropFolders:
    """The folders below one folder of the sandbox."""

    def __init__(self, home: Path) -> None:
        self._home = home
        home.mkdir(parents=True, exist_ok=True, mode=0o700)  # what senders drop is personal

    def folders(self) -> dict[str, str]:
        """Each connection's folder, which exists from now on."""
        found = {drop.connection: self._home / drop.connection for drop in drops().values()}
        for folder in found.values():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return {connection: str(folder.resolve()) for connection, folder in found.items()}

    def turn_to(self, scene: Scene) -> None:
        """Bring every folder to the scene."""
        for dataset, drop in drops().items():
            folder = self._home / drop.connection
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            drop.write(scene.view(dataset), scene.date, folder)
