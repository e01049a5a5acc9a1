#include "lib/httpd/internal.h"

int httpd_body_add(struct httpd_request *rq, struct span bytes, struct err *err)
{
    if (rq->body.max == 0)
        rq->body.max = rq->route->op->body_max;
    buf_add_span(&rq->body, bytes);
    return buf_check(&rq->body, "body", err);
}

int httpd_body_check(struct httpd_request *rq, struct err *err)
{
    uint8_t actual[SHA256_SIZE];

    if (rq->digest_expected) {
        digest_of(DIGEST_SHA256, buf_span(&rq->body), actual);
        if (!span_equal(SPAN_OF_ARRAY(actual), SPAN_OF_ARRAY(rq->digest)))
            return err_set(err, ERR_INPUT, "the body is not what Content-Digest says");
    }
    if (rq->route->op->body != API_BODY_JSON)
        return 0;
    if (rq->body.len == 0)
        return err_set(err, ERR_MALFORMED, "a JSON body is missing");
    return json_parse(buf_span(&rq->body), &rq->json, err);
}
