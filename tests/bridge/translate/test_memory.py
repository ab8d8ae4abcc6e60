"""What all translators remember together."""

from fructosa_bridge.translate.memory import Memory
from fructosa_bridge.translate.steps import at_once


class Table:
    """A table that counts how often it forgot, and forgets templates."""

    def __init__(self, *templates):
        self.aged = 0
        self.kept = list(templates)

    def age(self):
        """Count."""
        self.aged += 1

    def templates(self):
        """Return the templates of the targets."""
        return self.kept

    def forget_all(self, unwanted):
        """Forget those."""
        self.kept = [one for one in self.kept if id(one) not in unwanted]


class Template:
    """A template of some bytes."""

    def __init__(self, memory, weight):
        self.weight = weight
        memory.template_bytes += weight

    def freed(self):
        """Return the steps in which it is freed: none."""
        yield from ()


def test_lines_are_forgotten_when_they_are_too_many():
    """Those of all tables, also if many nodes teach a little."""
    memory, table = Memory(4000), Table()
    memory.add_lines(table)
    for number in range(100):
        memory.forget_lines(number)
        memory.count_line(100, number)

    assert 9 == table.aged


def test_a_node_teaches_no_more_than_its_share():
    """Its further lines are not remembered, those of others are."""
    memory = Memory(4000)
    memory.count_line(500, "hostile")

    assert (False, True) == (memory.may_learn("hostile"), memory.may_learn("honest"))
    memory.forget_lines("hostile")
    assert memory.may_learn("hostile")


def test_templates_with_the_most_bytes_for_a_target_are_forgotten_first():
    """What a thousand nodes share is worth more than a larger one of a single node."""
    memory = Memory(2000)
    shared, own, small = (Template(memory, weight) for weight in (900, 300, 10))
    table = Table(*[shared] * 1000, own, small)
    memory.add_templates(table)

    at_once(memory.forget_templates())

    assert [shared] * 1000 + [small] == table.kept
