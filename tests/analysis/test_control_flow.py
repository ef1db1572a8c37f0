"""The flow graph, held against Python itself: each snippet is run in every way it can go, and compared.

What Python does must be a way through the graph, and a way through the graph must be one that Python goes.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import branching_snippets
import pytest
import raising_snippets
from flow_ways import calls_at, graph_of, leads_through, ways_of_graph, ways_of_python

from stripe_lint.analysis import control_flow

if TYPE_CHECKING:
    from stripe_lint.analysis.control_flow import FlowNode, Graph

SNIPPETS = branching_snippets.SNIPPETS | raising_snippets.SNIPPETS

every_snippet = pytest.mark.parametrize("snippet", SNIPPETS.values(), ids=SNIPPETS)


@every_snippet
def test_every_run_is_a_way_through_the_graph(snippet: str) -> None:
    graph = graph_of(snippet)
    runs = ways_of_python(snippet)
    assert runs
    assert [way for way in runs if not leads_through(graph, way)] == []


@every_snippet
def test_every_way_through_the_graph_is_a_run(snippet: str) -> None:
    ways = ways_of_graph(graph_of(snippet))
    assert ways
    assert ways - ways_of_python(snippet) == set()


def nodes_that_call(graph: Graph, name: str) -> list[FlowNode]:
    return [node for nodes in graph.at.values() for node in nodes if name in calls_at(node)]


def test_a_finally_body_has_a_node_for_each_way_that_leaves() -> None:
    graph = graph_of(
        "for _ in some():\n    try:\n        if maybe():\n            break\n        risky()\n    finally:\n        a()"
    )
    assert len(nodes_that_call(graph, "a")) == 3


@pytest.mark.parametrize(
    ("snippet", "passes"),
    [
        ("a()\nb()", True),
        ("if maybe():\n    a()\nb()", False),
        ("if not maybe():\n    return\na()\nb()", True),
        ("try:\n    a()\nexcept Error:\n    pass\nb()", True),
        ("try:\n    risky()\n    a()\nexcept Error:\n    pass\nb()", False),
        ("try:\n    risky()\n    a()\nexcept Error:\n    raise\nb()", True),
        ("while maybe():\n    a()\nb()", False),
        ("while True:\n    a()\n    if maybe():\n        break\nb()", True),
    ],
)
def test_whether_every_way_to_a_place_passes_another(snippet: str, passes: bool) -> None:
    graph = graph_of("start()\n" + snippet)
    (start,) = nodes_that_call(graph, "start")
    (goal,) = nodes_that_call(graph, "b")
    around = control_flow.reachable(start, without=frozenset(nodes_that_call(graph, "a")))
    assert goal in control_flow.reachable(start)
    assert (goal not in around) == passes


def test_exceptions_of_ordinary_steps_can_be_left_out() -> None:
    graph = graph_of("try:\n    a()\n    b()\nexcept Error:\n    c()\nd()")
    (start,) = nodes_that_call(graph, "a")
    (handled,) = nodes_that_call(graph, "c")
    assert handled in control_flow.reachable(start)
    assert handled not in control_flow.reachable(start, exceptions=False)


def test_a_lambda_returns_its_expression() -> None:
    function = ast.parse("lambda: a()").body[0].value  # type: ignore[attr-defined]
    assert ways_of_graph(control_flow.build(function)) == {("a", "return")}


def test_a_module_is_a_block() -> None:
    body = ast.parse("if maybe():\n    a()\nb()").body
    assert ways_of_graph(control_flow.build_block(body)) == {("a", "b", "return"), ("b", "return")}
