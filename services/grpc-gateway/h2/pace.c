#include "services/grpc-gateway/h2/pace.h"

void h2_pace_fill(struct h2_pace *pace, uint64_t bytes)
{
    uint64_t most = (uint64_t)(pace->max_ms - pace->left_ms);
    uint64_t earned = bytes / H2_PACE_RATE * 1000 + bytes % H2_PACE_RATE * 1000 / H2_PACE_RATE;

    pace->left_ms += (int64_t)(earned < most ? earned : most);
}

bool h2_pace_spend(struct h2_pace *pace, int64_t waited_ms)
{
    pace->left_ms -= waited_ms < pace->left_ms ? waited_ms : pace->left_ms;
    return pace->left_ms > 0;
}
