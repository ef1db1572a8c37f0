"""gRPC, whose methods are those of a class that protoc writes: https://grpc.github.io/grpc/python/grpc.html."""

from __future__ import annotations

from stripe_lint.analysis.frameworks.model import Framework, Refusal

FRAMEWORK = Framework(
    name="grpc",
    modules=("grpc",),
    weak_import=True,
    none_answers=False,
    request_parameters=(),
    generated_bases=(r"(?:.+\.)?\w*grpc\w*\.\w+Servicer",),
    generated_messages=(r"(?:.+\.)?\w+_pb2\.[\w.]+",),
    view_parameter_count=3,
    response_parameters=("context", "ctx", "_context", "servicer_context"),
    response_types=("grpc.ServicerContext", "grpc.aio.ServicerContext"),
    response_place=2,
    response_methods=frozenset({"set_details", "abort", "abort_with_status"}),
    refusing_methods=frozenset({"set_code", "abort", "abort_with_status"}),
    abort_methods=frozenset({"abort", "abort_with_status"}),
    refusals=(Refusal('{response}.abort(StatusCode.INVALID_ARGUMENT, "invalid signature")', "grpc.StatusCode"),),
)
