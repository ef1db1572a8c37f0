"""GraphQL servers on graphql-core (Graphene, Strawberry, Ariadne): https://graphql-core-3.readthedocs.io/."""

from __future__ import annotations

from stripe_lint.analysis.frameworks.model import Framework, spellings

FRAMEWORK = Framework(
    name="graphql",
    modules=("graphql", "graphene", "strawberry", "ariadne"),
    weak_import=True,
    exceptions_refuse=False,
    request_parameters=(),
    route_decorators=frozenset({"mutation", "field"}),
    route_calls=frozenset({"set_field"}),
    view_bases=("graphene.Mutation", "graphene.relay.ClientIDMutation", "graphene.types.mutation.Mutation"),
    view_methods=frozenset({"mutate", "mutate_and_get_payload"}),
    response_exceptions=spellings("graphql graphql.error graphql.error.graphql_error", "GraphQLError"),
)
