"""grpclib, whose handlers are methods of a class that its plug-in for protoc writes: https://grpclib.readthedocs.io/."""

from __future__ import annotations

from stripe_lint.analysis.frameworks.model import Framework, Refusal, spellings

FRAMEWORK = Framework(
    name="grpclib",
    modules=("grpclib",),
    weak_import=True,
    none_answers=False,
    request_parameters=(),
    generated_bases=(r"(?:.+\.)?\w+_grpc\.\w+Base",),
    view_parameter_count=2,
    response_parameters=("stream",),
    response_types=("grpclib.server.Stream",),
    response_place=1,
    response_methods=frozenset({"send_message", "send_trailing_metadata"}),
    response_exceptions=spellings("grpclib grpclib.exceptions", "GRPCError"),
    refusals=(
        Refusal(
            'raise GRPCError(Status.INVALID_ARGUMENT, "invalid signature")',
            "grpclib.exceptions.GRPCError grpclib.const.Status",
        ),
        Refusal('raise GRPCError(Status.INVALID_ARGUMENT, "invalid signature")', "grpclib.GRPCError grpclib.Status"),
    ),
)
