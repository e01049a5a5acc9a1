#include "lib/attest/evidence/td_report.h"

#include "lib/base/reader.h"

int td_report_parse(struct span in, struct td_report *ret, struct err *err)
{
    struct reader r = reader_of(in);

    if (in.len != TD_REPORT_SIZE && in.len != TD_REPORT_15_SIZE)
        return err_set(err, ERR_INPUT, "the TD's report has %zu bytes, expected %d or %d", in.len,
                       TD_REPORT_SIZE, TD_REPORT_15_SIZE);
    *ret = (struct td_report){.is_15 = in.len == TD_REPORT_15_SIZE};
    read_bytes(&r, ret->tee_tcb_svn, sizeof(ret->tee_tcb_svn));
    read_bytes(&r, ret->mrseam, sizeof(ret->mrseam));
    read_bytes(&r, ret->mrsignerseam, sizeof(ret->mrsignerseam));
    ret->seam_attributes = read_le64(&r);
    ret->td_attributes = read_le64(&r);
    ret->xfam = read_le64(&r);
    read_bytes(&r, ret->mrtd, sizeof(ret->mrtd));
    read_bytes(&r, ret->mrconfigid, sizeof(ret->mrconfigid));
    read_bytes(&r, ret->mrowner, sizeof(ret->mrowner));
    read_bytes(&r, ret->mrownerconfig, sizeof(ret->mrownerconfig));
    for (size_t i = 0; i < RTMR_COUNT; i++)
        read_bytes(&r, ret->rtmr[i], sizeof(ret->rtmr[i]));
    read_bytes(&r, ret->report_data, sizeof(ret->report_data));
    if (!ret->is_15)
        return 0;
    read_bytes(&r, ret->tee_tcb_svn_2, sizeof(ret->tee_tcb_svn_2));
    read_bytes(&r, ret->mrservicetd, sizeof(ret->mrservicetd));
    return 0;
}
