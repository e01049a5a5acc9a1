#include "services/grpc-gateway/cvms/pause.h"

#define FIRST_MS 1000

int64_t cvms_pause_ms(uint64_t most_ms, unsigned failures, uint16_t chance)
{
    uint64_t pause = most_ms / 8 < FIRST_MS ? most_ms / 8 : FIRST_MS;

    for (unsigned i = 1; i < failures && pause > 0 && pause < most_ms; i++)
        pause *= 2;
    if (pause > most_ms)
        pause = most_ms;
    return (int64_t)(pause / 2 + pause / 2 * chance / UINT16_MAX) + 1;
}
