#include "lib/attest/reference/tdx_launch.h"

#define RECORD_SIZE 128
#define CHUNK_SIZE  256

struct tdx_launch {
    struct digest *digest;
};

struct tdx_launch *tdx_launch_new(void)
{
    struct tdx_launch *launch = mem_new(struct tdx_launch);

    launch->digest = digest_new(DIGEST_SHA384);
    return launch;
}

void tdx_launch_free(struct tdx_launch *launch)
{
    if (launch == NULL)
        return;
    digest_free(launch->digest);
    free(launch);
}

static void add_record(struct tdx_launch *launch, const char *name, uint64_t gpa)
{
    uint8_t record[RECORD_SIZE] = {0};

    memcpy(record, name, strlen(name));
    for (size_t i = 0; i < 8; i++)
        record[16 + i] = (uint8_t)(gpa >> (8 * i));
    digest_add(launch->digest, SPAN_OF_ARRAY(record));
}

void tdx_launch_add_page(struct tdx_launch *launch, uint64_t gpa)
{
    add_record(launch, "MEM.PAGE.ADD", gpa);
}

void tdx_launch_extend_page(struct tdx_launch *launch, uint64_t gpa, struct span content)
{
    uint8_t page[TDX_PAGE_SIZE] = {0};

    content = span_part(content, 0, sizeof(page));
    if (content.len > 0)
        memcpy(page, content.data, content.len);
    for (size_t at = 0; at < sizeof(page); at += CHUNK_SIZE) {
        add_record(launch, "MR.EXTEND", gpa + at);
        digest_add(launch->digest, span_of(page + at, CHUNK_SIZE));
    }
}

void tdx_launch_finish(struct tdx_launch *launch, uint8_t mrtd[static SHA384_SIZE])
{
    digest_finish(launch->digest, mrtd);
}
