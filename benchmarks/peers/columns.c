/* C: the same columns, the same formulas; compiled with -O3 -march=native. */
#include <math.h>
#include <stdint.h>

#define PARTNERS 8
#define LEAST 1e-4f
static double clip(double x) { return x < 0 ? 0 : x > 1 ? 1 : x; }

typedef struct { double belief_weight, adjustment, return_weight, return_memory, envy_weight, guilt_weight, baseline, goodwill, cost, norm,
    memory_operational, memory_relational, memory_strategic, negativity, weight_operational, weight_relational, weight_strategic, credence; } Rules;

static void contribute(int n, const Rules *r, const int64_t *type, const double *slope, const double *envy, const double *guilt,
        double *contribution, double *belief, double *experience, const double *effort, const double *earned,
        const double *advantage, const double *grievance, const int32_t *partner, const float *trust) {
    for (int i = 0; i < n; i++) {
        double weight = 0, total = 0;
        for (int k = i * PARTNERS; k < (i + 1) * PARTNERS; k++) {
            weight += trust[k];
            total += trust[k] * contribution[partner[k]];
        }
        belief[i] += r->belief_weight * (clip(total / weight) - belief[i]);
        double last = effort[i] > 1e-9 ? earned[i] / effort[i] : 0;
        experience[i] = r->return_memory * experience[i] + (1 - r->return_memory) * last;
    }
    for (int i = 0; i < n; i++) {
        double b = belief[i], gain = experience[i] - r->cost;
        double target = type[i] == 0 ? r->baseline + slope[i] * b : type[i] == 1 ? 0 : type[i] == 2 ? slope[i] * fmin(b, 1 - b) : r->goodwill;
        target += r->return_weight * gain / (1 + fabs(gain));
        target += r->guilt_weight * guilt[i] * advantage[i] - r->envy_weight * envy[i] * grievance[i];
        contribution[i] += r->adjustment * (clip(target) - contribution[i]);
    }
}

static void learn(int n, const Rules *r, const double *endowment, const double *delivered_all, const double *disadvantage,
        const double *benefit, double *rating, const int32_t *partner, const float *alignment, const float *restrict delivered,
        const float *restrict received, const float *restrict promised, float *restrict trust, float *restrict og, float *restrict ob,
        float *restrict rg, float *restrict rb, float *restrict sg, float *restrict sb, float *restrict agreed, float *restrict heard) {
    for (int i = 0; i < n; i++)
        rating[i] += (1 - r->memory_operational) * (fmin(1, delivered_all[i] / (r->norm * endowment[i])) - rating[i]);
    for (int i = 0; i < n; i++) {
        double got = benefit[i] / endowment[i];
        float fair = 1 - disadvantage[i] / (disadvantage[i] + (got > 0 ? got : 0) + 1e-9);
        for (int k = i * PARTNERS; k < (i + 1) * PARTNERS; k++) {
            agreed[k] = alignment[k] * fair;
            heard[k] = rating[partner[k]];
        }
    }
    float mo = r->memory_operational, mr = r->memory_relational, ms = r->memory_strategic, neg = r->negativity, cred = r->credence;
    float wo = r->weight_operational, wr = r->weight_relational, ws = r->weight_strategic;
    for (int k = 0; k < n * PARTNERS; k++) {
        float kept = (received[k] + LEAST) / (promised[k] + LEAST), returned = (received[k] + LEAST) / (delivered[k] + LEAST);
        kept = kept < 1 ? kept : 1; returned = returned < 1 ? returned : 1;
        float told = promised[k] / LEAST, met = (received[k] + delivered[k]) / LEAST;
        told = told < 1 ? told : 1; met = met < 1 ? met : 1;
        og[k] = mo * og[k] + told * kept;     ob[k] = mo * ob[k] + told * neg * (1 - kept);
        rg[k] = mr * rg[k] + met * returned;  rb[k] = mr * rb[k] + met * neg * (1 - returned);
        sg[k] = ms * sg[k] + met * agreed[k]; sb[k] = ms * sb[k] + met * neg * (1 - agreed[k]);
        float known = og[k] + ob[k] + 2;
        float o = (og[k] + 1) / known + cred * (heard[k] - 0.5f) * 2 / known;
        float e = (rg[k] + 1) / (rg[k] + rb[k] + 2), s = (sg[k] + 1) / (sg[k] + sb[k] + 2);
        trust[k] = 1 / (wo / o + wr / e + ws / s);
    }
}

/* f: firms' columns in the order of FIRMS; t: ties' columns in the order of TIES; scratch: two more columns of ties. */
void run(int n, int months, const Rules *r, void **f, void **t, float **scratch) {
    for (int month = 0; month < months; month++) {
        contribute(n, r, f[0], f[2], f[3], f[4], f[5], f[6], f[7], f[8], f[9], f[12], f[13], t[0], t[5]);
        learn(n, r, f[1], f[10], f[11], f[14], f[15], t[0], t[1], t[2], t[3], t[4], t[5], t[6], t[7], t[8], t[9], t[10], t[11], scratch[0], scratch[1]);
    }
}
