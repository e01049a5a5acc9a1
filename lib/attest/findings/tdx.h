/* Findings about Intel TDX guests and their policy. The columns are explained in finding.h; what
 * TDX shares with SGX is in dcap.h. */
/* clang-format off */
FINDING(TDX_MODULE, "tdx.module", CRYPTO, ERROR,
        "the TDX module against the modules that Intel publishes",
        "run the guest under a TDX module that Intel signed and still supports",
        "Intel PCS, TCB info: tdxModule and tdxModuleIdentities")

/* --- the event log --- */
FINDING(TDX_LOG_FORM, "tdx.log.form", CRYPTO, ERROR,
        "the layout of the {subject}",
        "give the log as the guest has it (/sys/firmware/acpi/tables/data/CCEL; the agent's own for CEL)",
        "TCG PC Client Platform Firmware Profile; UEFI, confidential computing event log")
FINDING(TDX_LOG, "tdx.log", CRYPTO, ERROR,
        "the replay of the {subject} against the quoted register",
        "give the log of the boot that the quote is from, complete; nothing in it counts before it leads to the quoted value",
        "UEFI, confidential computing event log; TCG PC Client Platform Firmware Profile, event log")
FINDING(TDX_LOG_FACTS, "tdx.log.facts", CRYPTO, ERROR,
        "that the event log does not contradict itself",
        "start the guest again and take log and quote from that boot; if the events contradict each other again, its firmware is not what it should be",
        "TCG PC Client Platform Firmware Profile, section 3.3.4")
FINDING(TDX_LOG_UNPROVEN, "tdx.log.unproven", CRYPTO, INFO,
        "registers that the log does not lead to",
        "nothing of {subject} is taken from the log; give the logs of what extends it after the firmware, if it matters",
        "docs/attestation.md")

/* --- the guest --- */
FINDING(TDX_DEBUG, "tdx.debug", POLICY, ERROR,
        "that the guest cannot be debugged or profiled from outside",
        "launch the guest with bits 0 to 7 of its ATTRIBUTES clear; no policy here can excuse them",
        "Intel TDX module base specification, TD ATTRIBUTES: TUD")
FINDING(TDX_MIGRATION, "tdx.migration", POLICY, ERROR,
        "that no other guest can take over this one's keys: {subject}",
        "launch the guest not migratable and without a service TD; no policy here can excuse it",
        "Intel TDX module base specification, ATTRIBUTES.MIGRATABLE and SERVTD_HASH")
FINDING(TDX_ATTRIBUTES, "tdx.attributes", POLICY, ERROR,
        "that {subject} has no bit that is unknown or missing",
        "launch the guest with attributes that this verifier knows; what is not understood is not accepted",
        "Intel TDX module base specification, TD ATTRIBUTES and XFAM")
FINDING(TDX_SEPT_VE, "tdx.sept_ve", POLICY, INFO,
        "whether the host can inject faults on private memory (SEPT_VE_DISABLE)",
        "launch the guest with bit 28 of its ATTRIBUTES set, unless its kernel disables them itself",
        "Intel TDX module base specification, ATTRIBUTES.SEPT_VE_DISABLE")
FINDING(TDX_SEAM, "tdx.seam", POLICY, ERROR,
        "that the TDX module is Intel's, for production: {subject}",
        "run the guest under a TDX module of Intel that is not for debugging",
        "Intel TDX module base specification, TEE_TCB_INFO")
FINDING(TDX_REPORT_DATA, "tdx.report_data", POLICY, ERROR,
        "REPORTDATA, all 64 bytes",
        "ask for a new quote with {expected} as its report data; this one answers another question",
        "Intel TDX module base specification, REPORTDATA")
FINDING(TDX_MRTD, "tdx.mrtd", POLICY, ERROR,
        "the launch measurement among tdx.mrtd",
        "launch the image that {expected} stands for, or add {got} to tdx.mrtd once you know what it measures",
        "Intel TDX module base specification, MRTD")
FINDING(TDX_MEASUREMENT_ABSENT, "tdx.measurement.absent", POLICY, ERROR,
        "reference values for the launch measurement",
        "set tdx.mrtd (this quote has {got}), or waive \"measurement\" and accept any guest",
        "docs/policy.md")
FINDING(TDX_RTMR0, "tdx.rtmr0", POLICY, ERROR,
        "RTMR0 among tdx.rtmr0",
        "run the firmware with the configuration that {expected} stands for, or add {got} to tdx.rtmr0",
        "Intel TDX virtual firmware design guide, measurement")
FINDING(TDX_RTMR1, "tdx.rtmr1", POLICY, ERROR,
        "RTMR1 among tdx.rtmr1",
        "boot the loader and kernel that {expected} stands for, or add {got} to tdx.rtmr1",
        "Intel TDX virtual firmware design guide, measurement")
FINDING(TDX_RTMR2, "tdx.rtmr2", POLICY, ERROR,
        "RTMR2 among tdx.rtmr2",
        "boot with the command line and initrd that {expected} stands for, or add {got} to tdx.rtmr2",
        "Intel TDX virtual firmware design guide, measurement")
FINDING(TDX_RTMR3, "tdx.rtmr3", POLICY, ERROR,
        "RTMR3 among tdx.rtmr3",
        "run the application that {expected} stands for, or add {got} to tdx.rtmr3",
        "Intel TDX virtual firmware design guide, measurement")
FINDING(TDX_MRCONFIGID, "tdx.mrconfigid", POLICY, ERROR,
        "MRCONFIGID among tdx.mrconfigid",
        "launch the guest with {expected} as its configuration id, or add {got} to tdx.mrconfigid",
        "Intel TDX module base specification, MRCONFIGID")
FINDING(TDX_MROWNER, "tdx.mrowner", POLICY, ERROR,
        "MROWNER among tdx.mrowner",
        "launch the guest with {expected} as its owner, or add {got} to tdx.mrowner",
        "Intel TDX module base specification, MROWNER")
FINDING(TDX_MROWNERCONFIG, "tdx.mrownerconfig", POLICY, ERROR,
        "MROWNERCONFIG among tdx.mrownerconfig",
        "launch the guest with {expected} as its owner's configuration, or add {got} to tdx.mrownerconfig",
        "Intel TDX module base specification, MROWNERCONFIG")
FINDING(TDX_MRSEAM, "tdx.mrseam", POLICY, ERROR,
        "the TDX module among tdx.mrseam",
        "run the guest under the module that {expected} stands for, or add {got} to tdx.mrseam",
        "Intel TDX module base specification, MRSEAM")

/* --- the TCB --- */
FINDING(TDX_TCB_SVN, "tdx.tcb.svn", POLICY, ERROR,
        "TEE_TCB_SVN against tdx.min_tee_tcb_svn in byte {subject}",
        "update the TDX module and microcode until byte {subject} is {expected}, or lower it in tdx.min_tee_tcb_svn to {got}",
        "Intel TDX module base specification, TEE_TCB_SVN")
FINDING(TDX_TCB_STATUS, "tdx.tcb.status", POLICY, ERROR,
        "the state of the platform's TCB among tdx.tcb_status",
        "bring the machine up to date, or add \"{got}\" to tdx.tcb_status and live with what it means",
        "Intel PCS, TCB info: tcbStatus")
FINDING(TDX_ADVISORY, "tdx.tcb.advisory", POLICY, ERROR,
        "advisories that apply to the platform among tdx.allow_advisories",
        "bring the machine up to date, or add \"{got}\" to tdx.allow_advisories once you know that it does not matter here",
        "Intel PCS, TCB info: advisoryIDs")
FINDING(TDX_TCB_EVALUATION, "tdx.tcb.evaluation", POLICY, ERROR,
        "the evaluation number of the {subject} against tdx.min_tcb_evaluation_number",
        "fetch collateral of evaluation {expected} or later from Intel's PCS",
        "Intel PCS, tcbEvaluationDataNumber")
/* clang-format on */
