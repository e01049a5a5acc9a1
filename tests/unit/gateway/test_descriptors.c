#include "tests/unit/unit.h"

#include "services/grpc-gateway/grpc/descriptors.h"

/* A descriptor begins with its file's name: field 1, its length, the name. */
static void assert_is_file(struct span descriptor, const char *name)
{
    assert_true(descriptor.len > 2 + strlen(name));
    assert_int_equal(descriptor.data[0], 1 << 3 | 2);
    assert_int_equal(descriptor.data[1], strlen(name));
    assert_memory_equal(descriptor.data + 2, name, strlen(name));
}

static void files_are_found_by_their_whole_name(void **state)
{
    struct span found;

    (void)state;
    assert_true(descriptors_find_file("agent.proto", &found));
    assert_is_file(found, "agent.proto");
    assert_true(descriptors_find_file("google/protobuf/empty.proto", &found));
    assert_is_file(found, "google/protobuf/empty.proto");
    assert_false(descriptors_find_file("", &found));
    assert_false(descriptors_find_file("agent.prot", &found));
    assert_false(descriptors_find_file("agent.proto2", &found));
}

static void symbols_are_found_with_all_their_parts(void **state)
{
    static const struct {
        const char *symbol, *file;
    } rows[] = {
        {"agent.AgentService", "agent.proto"},
        {"agent.AgentService.Algo", "agent.proto"},
        {"agent.AlgoRequest", "agent.proto"},
        {"cocos.v1.ComputationService", "cocos.proto"},
        {"grpc.reflection.v1.ServerReflection", "reflection.proto"},
        {"grpc.reflection.v1alpha.ServerReflection", "reflection_alpha.proto"},
        {"grpc.health.v1.HealthCheckResponse.ServingStatus", "health.proto"},
        {"google.protobuf.Empty", "google/protobuf/empty.proto"},
    };
    struct span found;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_true(descriptors_find_symbol(rows[i].symbol, &found));
        assert_is_file(found, rows[i].file);
    }
}

static void what_is_no_symbol_is_not_found(void **state)
{
    static const char *const bad[] = {
        "",
        ".",
        "agent",
        "agent.",
        "agent..AlgoRequest",
        "agent.Algo",
        "AlgoRequest",
        "agent.AlgoRequests",
        ".agent.AlgoRequest",
        "agentX.AlgoRequest",
        "cocos.ComputationService",
    };
    struct span found;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        if (descriptors_find_symbol(bad[i], &found))
            fail_msg("'%s' is found", bad[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_found_by_their_whole_name),
        cmocka_unit_test(symbols_are_found_with_all_their_parts),
        cmocka_unit_test(what_is_no_symbol_is_not_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
