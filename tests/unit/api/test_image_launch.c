/* Policies of protected guests from a release record. */
#include "tests/unit/api/record_make.h"

#include "lib/attest/policy.h"

#define A                                                                                          \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
    "aaaa"
#define B                                                                                          \
    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb" \
    "bbbb"

#define BY_CPUS "{\"snp\":{\"by_cpus\":[\"" A "\",\"" B "\"]}}"
#define OF_IGVM "{\"snp\":{\"measurement\":[\"" B "\",\"" A "\"]}}"
#define OF_TD                                                                                      \
    "{\"tdx\":{\"mrtd\":[\"" A "\"],\"rtmr1\":[\"" B "\"],\"rtmr2\":[\"" A                         \
    "\"],\"unknown\":\"RTMR0\"}}"

/* launch: how it is started; values: what it shows then. */
static int read_record(const char *launch, const char *values, struct image_record *ret,
                       struct err *err)
{
    OWNED_BUF more = BUF_OF(64 * KIB);

    buf_printf(&more,
               ",\"launch\":%s,\"reference\":{\"pcrs\":{},\"shapes\":[{\"memory_mib\":512,"
               "\"cpus\":1,\"pcrs\":{}}],\"launch\":%s}",
               launch, values);
    return make_record(buf_str(&more), ret, err);
}

static void check_refused(const char *launch, const char *values, struct image_vm vm,
                          const char *says)
{
    OWNED_IMAGE_RECORD record = {0};
    struct json *policy = NULL;
    struct err err;

    assert_ok(read_record(launch, values, &record, &err));
    assert_fails(image_make_policy(&record, &vm, &policy, &err), ERR_STATE);
    if (strstr(err.text, says) == NULL)
        fail_msg("'%s' does not say '%s'", err.text, says);
    assert_null(policy);
}

static void what_the_record_cannot_say_is_refused_with_the_reason(void **state)
{
    const struct image_vm snp = {API_PLATFORM_SNP, 512, 3, {0}, false, false};
    const struct image_vm tdx = {API_PLATFORM_TDX, 512, 3, {0}, false, false};

    (void)state;
    check_refused("{}", BY_CPUS, snp, "for 1 to 2 vCPUs, and none for 3");
    check_refused("{}", "{}", snp, "no launch values");
    check_refused("{}", BY_CPUS, tdx, "platform 'tdx': has no launch values");
    check_refused("{\"snp\":{\"missing\":\"no such package\"}}", "{}", snp, "no such package");
    check_refused("{}", "{\"snp\":{\"refused\":\"no kernel hashes\"}}", snp, "no kernel hashes");
}

static void values_that_are_none_are_refused_where_they_stand(void **state)
{
    static const struct {
        const char *values, *pointer;
    } cases[] = {
        {"{\"snp\":{\"by_cpus\":[\"" A "\",\"aa\"]}}", "/reference/launch/snp/by_cpus/1"},
        {"{\"tdx\":{\"mrtd\":[1]}}", "/reference/launch/tdx/mrtd/0"},
        {"{\"tdx\":{\"mrtd\":\"" A "\"}}", "/reference/launch/tdx/mrtd"},
        {"{\"snp\":{\"refused\":\"no\",\"by_cpus\":[\"" A "\"]}}", "/reference/launch/snp"},
    };
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        OWNED_IMAGE_RECORD record = {0};

        assert_fails(read_record("{}", cases[i].values, &record, &err), ERR_INPUT);
        assert_string_equal(err.pointer, cases[i].pointer);
    }
}

/* Each of them is a policy that the verifier reads. */
static void check_policy(const char *values, struct image_vm vm, const char *expected)
{
    OWNED_IMAGE_RECORD record = {0};
    OWNED_JSON *json = NULL;
    OWNED_POLICY *policy = NULL;
    OWNED_BUF text = BUF_OF(4 * KIB);
    struct err err;

    assert_ok(read_record("{}", values, &record, &err));
    assert_ok(image_make_policy(&record, &vm, &json, &err));
    json_write(json, &text);
    assert_string_equal(buf_str(&text), expected);
    assert_ok(policy_decode(json, &policy, &err));
}

static void snp_guest_shows_the_measurement_of_its_vcpus(void **state)
{
    (void)state;
    check_policy(BY_CPUS, (struct image_vm){API_PLATFORM_SNP, 700, 2, {0}, false, false},
                 "{\"version\":1,\"waive\":[\"min_tcb\"],\"platforms\":[\"snp\"],\"snp\":{"
                 "\"measurement\":[\"" B "\"]}}");
}

static void igvm_file_is_measured_alike_with_any_number_of_vcpus(void **state)
{
    (void)state;
    check_policy(OF_IGVM, (struct image_vm){API_PLATFORM_SNP, 700, 9, {0}, false, false},
                 "{\"version\":1,\"waive\":[\"min_tcb\"],\"platforms\":[\"snp\"],\"snp\":{"
                 "\"measurement\":[\"" B "\",\"" A "\"]}}");
}

static void td_shows_what_is_known_of_it(void **state)
{
    (void)state;
    check_policy(OF_TD, (struct image_vm){API_PLATFORM_TDX, 700, 9, {0}, false, false},
                 "{\"version\":1,\"platforms\":[\"tdx\"],\"tdx\":{\"mrtd\":[\"" A
                 "\"],\"rtmr1\":[\"" B "\"],\"rtmr2\":[\"" A "\"]}}");
}

static void manifest_that_the_launch_was_bound_to_is_demanded(void **state)
{
    static const uint8_t manifest[SHA256_SIZE] = {0xcc};
    struct image_vm vm = {API_PLATFORM_SNP, 700, 1, SPAN_OF_ARRAY(manifest), false, false};

    (void)state;
    check_policy(BY_CPUS, vm,
                 "{\"version\":1,\"waive\":[\"min_tcb\"],\"platforms\":[\"snp\"],\"snp\":{"
                 "\"measurement\":[\"" A
                 "\"],\"host_data\":\"cc00000000000000000000000000000000000000"
                 "000000000000000000000000\"}}");
    vm.platform = API_PLATFORM_TDX;
    check_policy("{\"tdx\":{\"mrtd\":[\"" A "\"]}}", vm,
                 "{\"version\":1,\"platforms\":[\"tdx\"],\"tdx\":{\"mrtd\":[\"" A
                 "\"],\"mrconfigid\":\"cc"
                 "0000000000000000000000000000000000000000000000000000000000000000"
                 "000000000000000000000000000000\"}}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_record_cannot_say_is_refused_with_the_reason),
        cmocka_unit_test(values_that_are_none_are_refused_where_they_stand),
        cmocka_unit_test(snp_guest_shows_the_measurement_of_its_vcpus),
        cmocka_unit_test(igvm_file_is_measured_alike_with_any_number_of_vcpus),
        cmocka_unit_test(td_shows_what_is_known_of_it),
        cmocka_unit_test(manifest_that_the_launch_was_bound_to_is_demanded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
