/* W0 on columns: firms in double, ties in float, eight rows of ties a firm. C knows that it is eight; ours takes any number. */
#include <math.h>
#include <stdint.h>

#define PARTNERS 8
#define LEAST 1e-4f

/* In the order of `State.rules`. */
typedef struct {
    double belief_weight, adjustment, return_weight, return_memory, envy_weight, guilt_weight;
    double memory_operational, memory_relational, memory_strategic, negativity, weight_operational, weight_relational, weight_strategic;
    double baseline, goodwill, cost, norm, credence;
} Rules;

static inline double lower(double a, double b) { return a < b ? a : b; }
static inline double clip(double x) { x = x < 0 ? 0 : x; return x > 1 ? 1 : x; }
static inline float part(float returned, float owed) { float x = (returned + LEAST) / (owed + LEAST); return x < 1 ? x : 1; }
static inline float substance(float effort) { float x = effort * (1 / LEAST); return x < 1 ? x : 1; }

static void look(int n, const Rules *r, double *restrict belief, double *restrict experience, const double *restrict effort,
                 const double *restrict earned, const double *restrict contribution, const int32_t *restrict partner,
                 const float *restrict trust) {
    for (int i = 0; i < n; i++) {
        double weight = 0, total = 0;
        for (int k = i * PARTNERS; k < (i + 1) * PARTNERS; k++) {
            weight += trust[k];
            total += trust[k] * contribution[partner[k]];
        }
        belief[i] += r->belief_weight * (clip(total / weight) - belief[i]);
    }
    for (int i = 0; i < n; i++) {
        double latest = r->return_memory * experience[i] + (1 - r->return_memory) * earned[i] / effort[i];
        experience[i] = effort[i] > 1e-9 ? latest : experience[i];
    }
}

static void choose(int n, const Rules *r, const int64_t *restrict type, const double *restrict slope, const double *restrict envy,
                   const double *restrict guilt, double *restrict contribution, const double *restrict belief,
                   const double *restrict experience, const double *restrict advantage, const double *restrict grievance) {
    for (int i = 0; i < n; i++) {
        double gain = experience[i] - r->cost, follow = r->baseline + slope[i] * belief[i];
        double hump = slope[i] * lower(belief[i], 1 - belief[i]);
        double target = type[i] == 0 ? follow : type[i] == 1 ? 0 : type[i] == 2 ? hump : r->goodwill;
        target += r->return_weight * gain / (1 + fabs(gain));
        target += r->guilt_weight * guilt[i] * advantage[i] - r->envy_weight * envy[i] * grievance[i];
        contribution[i] += r->adjustment * (clip(target) - contribution[i]);
    }
}

static void gather(int n, const Rules *r, const double *restrict endowment, const double *restrict delivered,
                   const double *restrict disadvantage, const double *restrict benefit, double *restrict rating,
                   const int32_t *restrict partner, const float *restrict alignment, float *restrict agreed, float *restrict heard) {
    for (int i = 0; i < n; i++)
        rating[i] += (1 - r->memory_operational) * (lower(1, delivered[i] / (r->norm * endowment[i])) - rating[i]);
    for (int i = 0; i < n; i++) {
        double got = benefit[i] / endowment[i];
        float fair = 1 - disadvantage[i] / (disadvantage[i] + (got > 0 ? got : 0) + 1e-9);
        for (int k = i * PARTNERS; k < (i + 1) * PARTNERS; k++) {
            agreed[k] = alignment[k] * fair;
            heard[k] = rating[partner[k]];
        }
    }
}

static void learn(int n, const Rules *r, const float *restrict delivered, const float *restrict received,
                  const float *restrict promised, float *restrict trust, float *restrict og, float *restrict ob, float *restrict rg,
                  float *restrict rb, float *restrict sg, float *restrict sb, const float *restrict agreed, const float *restrict heard) {
    float mo = r->memory_operational, mr = r->memory_relational, ms = r->memory_strategic, negativity = r->negativity;
    float wo = r->weight_operational, wr = r->weight_relational, ws = r->weight_strategic, credence = r->credence;
    for (int k = 0; k < n * PARTNERS; k++) {
        float kept = part(received[k], promised[k]), returned = part(received[k], delivered[k]);
        float told = substance(promised[k]), met = substance(received[k] + delivered[k]);
        og[k] = mo * og[k] + told * kept;
        ob[k] = mo * ob[k] + told * negativity * (1 - kept);
        rg[k] = mr * rg[k] + met * returned;
        rb[k] = mr * rb[k] + met * negativity * (1 - returned);
        sg[k] = ms * sg[k] + met * agreed[k];
        sb[k] = ms * sb[k] + met * negativity * (1 - agreed[k]);
        /* one over each expectation is what the harmonic mean needs: half the divisions */
        float o = (og[k] + ob[k] + 2) / (og[k] + 1 + credence * (heard[k] - 0.5f) * 2);
        float e = (rg[k] + rb[k] + 2) / (rg[k] + 1), s = (sg[k] + sb[k] + 2) / (sg[k] + 1);
        trust[k] = 1 / (wo * o + wr * e + ws * s);
    }
}

/* f: columns of firms in the order of FIRMS; t: columns of ties in the order of TIES; scratch: two more columns of ties. */
void run(int n, int months, const Rules *r, void **f, void **t, void **scratch) {
    for (int month = 0; month < months; month++) {
        look(n, r, f[6], f[7], f[8], f[9], f[5], t[0], t[5]);
        choose(n, r, f[0], f[2], f[3], f[4], f[5], f[6], f[7], f[12], f[13]);
        gather(n, r, f[1], f[10], f[11], f[14], f[15], t[0], t[1], scratch[0], scratch[1]);
        learn(n, r, t[2], t[3], t[4], t[5], t[6], t[7], t[8], t[9], t[10], t[11], scratch[0], scratch[1]);
    }
}
