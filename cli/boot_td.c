/* Predicted registers of a TD; the part of boot_values.h that TDs have to themselves. */
#include "cli/boot_values.h"

#include "cli/input.h"

#include <stdio.h>

int boot_values_of_td(const struct boot_bytes *bytes, const char *template_path,
                      enum tdvf_order order, struct td_prediction *ret, struct err *err)
{
    OWNED_BUF log = BUF_OF(TCG_LOG_SIZE_MAX);
    struct rtmr_boot_input input = {.boot = &bytes->input, .initrd = buf_span(&bytes->initrd)};
    struct tcg_log template;
    struct ovmf ovmf;

    if (input_read(template_path, &log, err) < 0)
        return -1;
    if (ovmf_parse(buf_span(&bytes->firmware), &ovmf, err) < 0 ||
        tdvf_measure(&ovmf, order, ret->mrtd, err) < 0)
        return -1;
    input.configuration = tdvf_section_data(&ovmf, TDVF_CFV);
    if (ccel_parse(buf_span(&log), &template, err) < 0)
        return err_wrap(err, "'%s'", template_path);
    return rtmr_boot_predict(&template, &input, &ret->boot, err);
}

struct json *boot_values_td_json(const struct td_prediction *td, bool policy)
{
    struct json *values = json_new_object(), *platforms, *whole;

    json_set_hex(values, "mrtd", SPAN_OF_ARRAY(td->mrtd));
    for (unsigned index = 0; index < RTMR_COUNT - 1; index++) {
        char key[16];

        snprintf(key, sizeof(key), "rtmr%u", index);
        json_set_hex(values, key, pcr_bank_get(&td->boot.registers, index));
    }
    if (!policy)
        return values;
    platforms = json_new_array();
    json_add(platforms, json_new_str("tdx"));
    whole = json_new_object();
    json_set_int(whole, "version", 1);
    json_set(whole, "platforms", platforms);
    json_set(whole, "tdx", values);
    return whole;
}
