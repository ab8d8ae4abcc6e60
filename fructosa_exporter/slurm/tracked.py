"""What is known of the folders of jobs: a tree of folders, and the jobs in it. Pure."""

from .layouts import Level, Place


class Folder:
    """A folder that is known: its watches, and those in it by name.

    A step of version 2 also has the CPU time of its processes, in microseconds, and whether it was
    read after the last of them had ended.
    """

    __slots__ = (
        "children",
        "events_watch",
        "is_settled",
        "job",
        "parent",
        "pidfd",
        "place",
        "used_us",
        "watch",
    )

    def __init__(self, place: Place, parent: "Folder | None", watch: int) -> None:
        self.place, self.parent, self.watch = place, parent, watch
        self.children: dict[str, Folder] = {}
        self.job: TrackedJob | None = parent.job if parent else None
        self.pidfd = self.events_watch = -1
        self.used_us: int | None = None
        self.is_settled = True  # it has no task yet

    @property
    def name(self) -> str:
        """Its name in the folder above; that of a root is its path."""
        is_root = self.place.level is Level.ROOT
        return self.place.path if is_root else self.place.path.rpartition("/")[2]


class TrackedJob:
    """A job whose folder is there: its step and task folders, and which of its tasks run.

    The tasks of step_extern only wait for the job's end, and don't count as running.
    """

    def __init__(self, place: Place) -> None:
        self.key, self.place = place.key, place
        self.steps: dict[Folder, None] = {}
        self.tasks: dict[Folder, None] = {}
        self.running: set[Folder] = set()
        self.looked_s = self.seldom_s = float("-inf")
        self.is_settled = False  # whether it was read after the last of its tasks had ended
        # Of version 2: the CPU time of ended steps, and whether that of some step is not known.
        self.used_before_us, self.has_lost = 0, False

    @property
    def leaves(self) -> list[Place]:
        """The folders with processes, which count OOM kills of their own in version 1."""
        steps = [step.place for step in list(self.steps) if not step.children]
        return [*(task.place for task in list(self.tasks)), *steps]
