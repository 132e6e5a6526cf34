"""All simulated sources of one province: the pure function of seed, size, epoch and date.

In:  configuration, epoch date, reference data, the sources.
Out: `Scene`: the views of all datasets on one clock date.
"""

import threading
from collections.abc import Mapping, Sequence
from datetime import date

from kho.sandbox.clocks import day_of
from kho.sandbox.reference import Reference, load_reference
from kho.sandbox.registry import all_sources
from kho.sandbox.source import Population, Setup, Source
from kho.sandbox.views import View


class World:
    """Keeps what it has computed. Safe to use from several threads."""

    def __init__(
        self,
        seed: int,
        size: int,
        epoch: date,
        defect_scale: float = 1.0,
        reference: Reference | None = None,
        sources: Sequence[Source] | None = None,
    ) -> None:
        self.reference = reference or load_reference()
        self._setup = Setup(seed, size, day_of(epoch), defect_scale, self.reference)
        self._sources = {source.dataset: source for source in sources or all_sources()}
        self._populations: dict[str, Population] = {}
        self._lock = threading.Lock()

    @property
    def datasets(self) -> tuple[str, ...]:
        """The datasets that have a source here."""
        return tuple(self._sources)

    def on(self, today: date) -> "Scene":
        """The sources on this date."""
        return Scene(self, today)

    def view(self, dataset: str, today: date) -> View:
        """One dataset on this date; raises `KeyError` for one without a source."""
        with self._lock:
            if dataset not in self._populations:
                self._populations[dataset] = self._sources[dataset].populate(self._setup)
            return self._populations[dataset].on(day_of(today))


class Scene:
    """What the sources show on a date: everything that reached them before its first second.

    A view is made when it is first asked for and kept.
    """

    def __init__(self, world: World, today: date) -> None:
        self.date = today
        self._world = world
        self._views: dict[str, View] = {}
        self._lock = threading.Lock()

    def view(self, dataset: str) -> View:
        """The view of a dataset; raises `KeyError` for one without a source."""
        with self._lock:
            if dataset not in self._views:
                self._views[dataset] = self._world.view(dataset, self.date)
            return self._views[dataset]

    def views(self) -> Mapping[str, View]:
        """The views of all datasets."""
        return {dataset: self.view(dataset) for dataset in self._world.datasets}
