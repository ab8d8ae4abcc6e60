"""Processors: utilization, load and pressure."""

from ..panels.dashboard import Row
from ..panels.shorthand import line_graph
from ..queries.expressions import ANY, node

CPU = Row(
    "Processors",
    (
        line_graph(
            "Processor utilization",
            "Share of time in which processors were busy: the mean, and the extremes.",
            "percentunit",
            (node("fructosa_cpu_utilization_ratio", cpu=ANY).avg(), "mean"),
            (node("fructosa_cpu_utilization_ratio", cpu=ANY).max(), "busiest"),
            (node("fructosa_cpu_utilization_ratio", cpu=ANY).min(), "idlest"),
        ),
        line_graph(
            "Processor time by mode",
            "Number of processors in each mode. Guest time also counts as user time.",
            "short",
            (node("fructosa_cpu_seconds_total", cpu=ANY, mode=ANY).rate().sum("mode"), "{mode}"),
            stacked=True,
        ),
        line_graph(
            "Load",
            "Threads that run, want to run or wait for a disk, averaged over some minutes.",
            "short",
            (node("fructosa_load_average", minutes=ANY), "{minutes} min"),
            (node("fructosa_cpu_threads"), "hardware threads"),
            (node("fructosa_cpu_cores"), "cores"),
        ),
        line_graph(
            "Threads",
            "Current number of threads. Blocked threads wait for a disk or a file server.",
            "short",
            (node("fructosa_load_runnable_threads"), "runnable"),
            (node("fructosa_process_blocked_threads"), "blocked"),
            (node("fructosa_load_threads"), "all"),
        ),
        line_graph(
            "Context switches and interrupts",
            "How often the kernel is called, per second.",
            "cps",
            (node("fructosa_cpu_context_switches_total").rate(), "context switches"),
            (node("fructosa_cpu_interrupts_total").rate(), "interrupts"),
            (node("fructosa_cpu_soft_interrupts_total").rate(), "soft interrupts"),
            (node("fructosa_process_forks_total").rate(), "forks"),
        ),
        line_graph(
            "Frequency",
            "Frequency of the processors, and its limits, if the kernel knows them.",
            "hertz",
            (node("fructosa_cpu_frequency_hertz", cpu=ANY).avg(), "mean"),
            (node("fructosa_cpu_frequency_hertz", cpu=ANY).max(), "fastest"),
            (node("fructosa_cpu_frequency_hertz", cpu=ANY).min(), "slowest"),
            (node("fructosa_cpu_frequency_max_hertz", cpu=ANY).max(), "upper limit"),
            (node("fructosa_cpu_frequency_min_hertz", cpu=ANY).min(), "lower limit"),
        ),
        line_graph(
            "Pressure",
            "Share of time in which work had to wait: some threads, or all that had work.",
            "percentunit",
            (
                node("fructosa_pressure_waiting_seconds_total", resource=ANY).rate(),
                "{resource}: some",
            ),
            (
                node("fructosa_pressure_stalled_seconds_total", resource=ANY).rate(),
                "{resource}: all",
            ),
        ),
    ),
)
