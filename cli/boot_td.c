/* Predicted registers of a TD; the part of boot_values.h that TDs have to themselves. */
#include "cli/boot_values.h"

#include "cli/input.h"
#include "lib/attest/evidence/run_log.h"

#include <stdio.h>

/* QEMU that starts TDs hands the kernel over both with the setup header that it writes and as it is
 * in the file; which one is measured, if any, is the firmware's choice. */
static int predict_alone(struct span firmware, const struct rtmr_boot_input *input,
                         struct td_prediction *td, struct err *err)
{
    OWNED_VOLUMES volumes = {0};
    struct pcr_boot_input boot = *input->boot;
    const struct rtmr_boot_input taken = {&boot, input->initrd, input->configuration};

    if (volumes_unpack_main(firmware, &volumes, err) < 0)
        return -1;
    if (!volumes_measure_td(&volumes))
        return err_set(err, ERR_INPUT,
                       "firmware: this build has no driver that measures for a TD (TdTcg2Dxe): "
                       "kernel, initrd and command line would not be measured");
    if (volumes_take_whole_kernel(&volumes))
        boot.qemu_patches = false;
    td->of_ram = boot.qemu_patches;
    return rtmr_boot_direct(&taken, &td->registers, err);
}

static int predict_after(struct span log, const struct rtmr_boot_input *input,
                         struct td_prediction *td, struct err *err)
{
    struct tcg_log template;
    struct rtmr_boot boot;

    if (ccel_parse(log, &template, err) < 0)
        return err_wrap(err, "template");
    if (rtmr_boot_predict(&template, input, &boot, err) < 0)
        return -1;
    td->registers = boot.registers;
    td->known = 1u << 0 | 1u << 1 | 1u << 2;
    memcpy(td->taken, boot.taken, sizeof(td->taken));
    return 0;
}

int boot_values_of_td(const struct boot_bytes *bytes, const char *template_path,
                      enum tdvf_order order, struct td_prediction *ret, struct err *err)
{
    struct rtmr_boot_input input = {.boot = &bytes->input, .initrd = buf_span(&bytes->initrd)};
    OWNED_BUF log = BUF_OF(TCG_LOG_SIZE_MAX);
    struct ovmf ovmf;

    if (template_path != NULL && input_read(template_path, &log, err) < 0)
        return -1;
    *ret = (struct td_prediction){.known = 1u << 1 | 1u << 2};
    if (ovmf_parse(buf_span(&bytes->firmware), &ovmf, err) < 0 ||
        tdvf_measure(&ovmf, order, ret->mrtd, err) < 0)
        return -1;
    input.configuration = tdvf_section_data(&ovmf, TDVF_CFV);
    if (template_path != NULL)
        return predict_after(buf_span(&log), &input, ret, err);
    return predict_alone(buf_span(&bytes->firmware), &input, ret, err);
}

void boot_values_add_run(struct td_prediction *td, const struct pcr_run *run)
{
    memcpy(td->registers.value[RUN_RTMR], run->rtmr, SHA384_SIZE);
    td->known |= 1u << RUN_RTMR;
}

struct json *boot_values_td_json(const struct td_prediction *td)
{
    struct json *values = json_new_object();

    json_set_hex(values, "mrtd", SPAN_OF_ARRAY(td->mrtd));
    for (unsigned index = 0; index < RTMR_COUNT; index++) {
        char key[16];

        snprintf(key, sizeof(key), "rtmr%u", index);
        if ((td->known & 1u << index) != 0)
            json_set_hex(values, key, span_of(td->registers.value[index], SHA384_SIZE));
    }
    return values;
}
