"""The route that checks citations against the index."""

from fastapi import APIRouter
from starlette.responses import Response

from api.json_body import JsonRoute
from api.problems import responses
from api.schemas import VerifyRequest
from api.service import ServiceDependency
from rag.results import to_json
from rag.verify.indexed import check_indexed
from rag.verify.verdict import Verdicts

router = APIRouter(tags=["documents"], route_class=JsonRoute)


@router.post(
    "/v1/citations/verify",
    response_model=Verdicts,
    response_description="The result for each citation, in the same order.",
    responses=responses(400, 413, 415, 422, 429, 500, 503),
    summary="Check whether citations are still valid",
)
async def verify_citations(request: VerifyRequest, service: ServiceDependency) -> Response:
    """Citations may be sent as a search or an answer contained them, whenever that was. Each is
    checked in the document that the index has now: the quote is at its offsets (`valid`), elsewhere
    (`moved`), a similar text is there instead (`changed`), or neither (`gone`).

    A document that is not in the index is a result, not an error.
    """

    def check() -> bytes:
        with service.pipeline.snapshot() as snapshot:
            return to_json(check_indexed(request.citations, snapshot)).encode()

    return Response(await service.verifying.run(check), media_type="application/json")
