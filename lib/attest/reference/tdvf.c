#include "lib/attest/reference/tdvf.h"

#include "lib/attest/reference/tdx_launch.h"

#include <inttypes.h>

static int fail_section(const struct tdvf_section *section, const char *what, struct err *err)
{
    return err_set(err, ERR_INPUT, "tdvf: the section at 0x%" PRIx64 " %s", section->address, what);
}

static bool is_added(const struct tdvf_section *section)
{
    return (section->attributes & TDVF_PAGE_AUG) == 0;
}

static bool is_extended(const struct tdvf_section *section)
{
    return (section->attributes & TDVF_MR_EXTEND) != 0;
}

static int check_section(const struct ovmf *ovmf, const struct tdvf_section *section,
                         struct err *err)
{
    if (section->address % TDX_PAGE_SIZE != 0 || section->memory_size % TDX_PAGE_SIZE != 0)
        return fail_section(section, "is not made of pages", err);
    if (section->memory_size > UINT64_MAX - section->address)
        return fail_section(section, "runs over the end of the address space", err);
    if ((uint64_t)section->data_offset + section->raw_size > ovmf->image.len)
        return fail_section(section, "has its data outside of the file", err);
    if (section->raw_size > section->memory_size)
        return fail_section(section, "has more data than memory", err);
    if (!is_added(section) && (is_extended(section) || section->raw_size > 0))
        return fail_section(section, "has data, but no page that is added", err);
    if (is_added(section) && section->memory_size > TDVF_ADDED_MAX)
        return fail_section(section, "adds more than 64 MiB", err);
    return 0;
}

static void extend_page(struct tdx_launch *launch, const struct ovmf *ovmf,
                        const struct tdvf_section *section, uint64_t at)
{
    struct span data = span_part(ovmf->image, section->data_offset, section->raw_size);

    tdx_launch_extend_page(launch, section->address + at,
                           span_part(data, (size_t)at, TDX_PAGE_SIZE));
}

static void measure_section(struct tdx_launch *launch, const struct ovmf *ovmf,
                            const struct tdvf_section *section, enum tdvf_order order)
{
    bool at_once = order == TDVF_PAGE_BY_PAGE && is_extended(section);

    if (!is_added(section))
        return;
    for (uint64_t at = 0; at < section->memory_size; at += TDX_PAGE_SIZE) {
        tdx_launch_add_page(launch, section->address + at);
        if (at_once)
            extend_page(launch, ovmf, section, at);
    }
    for (uint64_t at = 0; !at_once && is_extended(section) && at < section->memory_size;
         at += TDX_PAGE_SIZE)
        extend_page(launch, ovmf, section, at);
}

int tdvf_measure(const struct ovmf *ovmf, enum tdvf_order order, uint8_t mrtd[static SHA384_SIZE],
                 struct err *err)
{
    OWNED_OF(tdx_launch) *launch = tdx_launch_new();

    if (ovmf->tdvf_count == 0)
        return err_set(err, ERR_INPUT,
                       "tdvf: this firmware has no TDX metadata: no TD starts with it");
    for (size_t i = 0; i < ovmf->tdvf_count; i++)
        if (check_section(ovmf, &ovmf->tdvf[i], err) < 0)
            return -1;
    for (size_t i = 0; i < ovmf->tdvf_count; i++)
        measure_section(launch, ovmf, &ovmf->tdvf[i], order);
    tdx_launch_finish(launch, mrtd);
    return 0;
}

struct span tdvf_section_data(const struct ovmf *ovmf, enum tdvf_section_type type)
{
    for (size_t i = 0; i < ovmf->tdvf_count; i++)
        if (ovmf->tdvf[i].type == type)
            return span_part(ovmf->image, ovmf->tdvf[i].data_offset, ovmf->tdvf[i].raw_size);
    return span_of(NULL, 0);
}
