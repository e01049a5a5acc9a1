/* Query strings: what is accepted is decoded, has each name once and stays within its bounds. */
#include "lib/httpd/internal.h"

#include "lib/base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWNED(free_str) char *text = mem_copy(data, size);
    struct httpd_request rq = {.query_text = text};
    struct err err;

    if (httpd_request_parse_query(&rq, &err) == 0 && rq.query_count > HTTPD_QUERY_MAX)
        abort();
    for (size_t i = 0; i < rq.query_count; i++) {
        if (httpd_query(&rq, rq.query[i].name) != rq.query[i].value ||
            !text_is_utf8(span_of_str(rq.query[i].value)))
            abort();
    }
    for (size_t i = 0; i < rq.query_count; i++) {
        free(rq.query[i].name);
        free(rq.query[i].value);
    }
    return 0;
}
