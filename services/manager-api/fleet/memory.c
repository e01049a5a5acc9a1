#include "services/manager-api/fleet/memory.h"

#include "lib/base/file.h"

#include <stdio.h>

#define MEMINFO_MAX (64 * KIB)

/* "MemTotal:       16384 kB" */
static int find_kib(const char *text, const char *name, uint64_t *ret_mib, struct err *err)
{
    const char *line = strstr(text, name);
    unsigned long long kib = 0;

    if (line == NULL || sscanf(line + strlen(name), ": %20llu kB", &kib) != 1)
        return err_set(err, ERR_SYSTEM, "/proc/meminfo has no line '%s'", name);
    *ret_mib = kib / KIB;
    return 0;
}

int memory_parse(struct span meminfo, struct memory *ret, struct err *err)
{
    OWNED(free_str) char *text = mem_copy(meminfo.data, meminfo.len);

    if (find_kib(text, "MemTotal", &ret->total_mib, err) < 0 ||
        find_kib(text, "MemAvailable", &ret->available_mib, err) < 0)
        return -1;
    return 0;
}

int memory_read(struct memory *ret, struct err *err)
{
    OWNED_BUF text = BUF_OF(MEMINFO_MAX);

    if (file_read("/proc/meminfo", &text, err) < 0)
        return -1;
    return memory_parse(buf_span(&text), ret, err);
}
