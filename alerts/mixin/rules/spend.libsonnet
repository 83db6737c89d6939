// Spend and runway, upon the exporter's counters: what went in a window, divided by the time that was watched, is a pace.
// Gaps, restarts, top-ups and stepped balances don't bend it, and it needs no full window.
{
  local promql = (import '../lib/promql.libsonnet')($._config),
  local balanceLabels = ['currency', 'wallet'],

  // A counter as often as these rules go: over weeks, what each scrape has told would take a hundred times as long.
  local thinned(counter) = {
    record: 'instance:' + counter,
    expr: promql.expr('last_over_time(%(counter)s{%(smsExporterSelector)s}[15m])', { counter: counter }),
  },

  // The increase of a counter in a window, of all replicas together: each of them has watched for itself.
  local increase(counter, window) =
    promql.expr(
      'sum without (%(replicas)s) (increase(%(counter)s[%(window)s]))',
      { counter: counter, window: window },
    ),

  // What goes in a window at the pace of what was watched of it.
  local spend(window, seconds, of='instance:%s') = {
    record: 'account:sms_credit_spend:' + window,
    expr: |||
      %s
        * %s
        / (%s > 0)
    ||| % [
      seconds,
      increase(of % 'sms_credit_spent_total', window),
      increase(of % 'sms_credit_watched_seconds_total', window),
    ],
  },

  prometheusRules+:: {
    groups+: [
      {
        name: 'sms_exporter_spend',
        interval: '5m',
        rules: [
          thinned('sms_credit_spent_total'),
          thinned('sms_credit_watched_seconds_total'),
          spend('1h', '3600', of=promql.expr('%%s{%(smsExporterSelector)s}')),
          spend('1d', '86400'),
          spend('7d', '7 * 86400'),
          spend('30d', '30 * 86400'),
          // Without lone hours, as when credit expires, or of a campaign that comes once: they are spend, but nobody
          // should expect them to go on. Lone is what is above a fifth of all that the week has seen, and above five times
          // any hour of eight days, up to half a day before.
          {
            record: 'account:sms_credit_usage:1h',
            expr: |||
              account:sms_credit_spend:1h
                unless (
                    account:sms_credit_spend:1h * count_over_time(account:sms_credit_spend:1h[1h])
                      > 0.2 * sum_over_time(account:sms_credit_spend:1h[7d])
                  unless
                    account:sms_credit_spend:1h <= 5 * max_over_time(account:sms_credit_spend:1h[8d] offset 12h)
                )
            |||,
          },
          // The day's pace, or the week's if that is faster, so that a weekend doesn't hide the Monday. What the busiest
          // hours of a day alone have made is no day's pace. Less than a day is none at all: an account whose labels
          // have changed goes by what the exporter has counted since its start, or by its old labels for a day.
          {
            record: 'account:sms_credit_pace:1d',
            expr: promql.expr(|||
              max without (pace) (
                label_replace(24 * avg_over_time(account:sms_credit_usage:1h[7d]), "pace", "week", "", "")
                or
                label_replace(
                  min without (bound) (
                    account:sms_credit_spend:1d
                    or
                    label_replace(24 * quantile_over_time(0.8, account:sms_credit_spend:1h[1d]), "bound", "1", "", "")
                  ),
                  "pace", "day", "", ""
                )
              )
                and count_over_time(last_over_time(account:sms_credit_spend:1h[15m])[7d:1h]) >= %(leastHours)d
              or
                86400 * sum without (%(replicas)s) (sms_credit_spent_total{%(smsExporterSelector)s})
                  / sum without (%(replicas)s) (sms_credit_watched_seconds_total{%(smsExporterSelector)s})
                  and max without (%(replicas)s) (sms_credit_watched_seconds_total{%(smsExporterSelector)s})
                    > %(leastHours)d * 3600
              or
                0 * account:sms_credit_available:min
                  + on (job, namespace, provider, account, currency, wallet) group_left ()
                max by (job, namespace, provider, account, currency, wallet) (
                  last_over_time(account:sms_credit_pace:1d[1d]) unless account:sms_credit_available:min
                )
            |||, { leastHours: 22 }),
          },
          // When nothing will be left; below zero there is nothing to last. While the provider can't be asked it stays as it
          // was, so that the time goes on to count.
          {
            record: 'account:sms_credit_used_up:timestamp',
            expr: |||
              %s
                or
              time() + 86400 * (account:sms_credit_available:min >= 0) / (account:sms_credit_pace:1d > 0)
            ||| % promql.kept('account:sms_credit_used_up:timestamp', 'credit', balanceLabels),
          },
          {
            record: 'account:sms_credit_runway:seconds',
            expr: 'clamp_min(account:sms_credit_used_up:timestamp - time(), 0)',
          },
          {
            record: 'currency:sms_credit_spend:1d',
            expr: 'sum by (job, namespace, currency) (account:sms_credit_spend:1d{currency=~"[A-Z]{3}"})',
          },
          // What goes in such an hour: the mean of the same hour, give or take one, on the seven days before, or the most of
          // it a week ago if that is more (a campaign on a weekday of its own). Three days are the least to call a habit.
          // Hours end where they are recorded.
          {
            record: 'account:sms_credit_habit:1h',
            local hour(day) =
              '    label_replace(avg_over_time(account:sms_credit_usage:1h[2h] offset %dh), "day", "%d", "", "")'
              % [24 * day - 1, day],
            expr: |||
              max without (of) (
                label_replace(
                  avg without (day) (
                %s
                  ),
                  "of", "mean", "", ""
                )
                or
                max_over_time(account:sms_credit_usage:1h[2h] offset 167h)
              )
                and last_over_time(account:sms_credit_usage:1h[97h] offset 71h)
            ||| % std.join('\n      or\n  ', [hour(day) for day in std.range(1, 7)]),
          },
          // What an hour of an account may take that mostly spends nothing and now and then very much.
          {
            record: 'account:sms_credit_habit:burst1h',
            expr: |||
              1.5 * (
                max_over_time(account:sms_credit_spend:1h[8d] offset 1d)
                  > 5 * quantile_over_time(0.75, account:sms_credit_spend:1h[8d] offset 1d)
              )
            |||,
          },

          promql.newest('max', 'contacts_used', 'contacts'),
          promql.newest('max', 'contacts_limit', 'contacts'),
          // Without the flat line of what is only held, which would bend the growth.
          {
            record: 'account:contacts_used:sighted',
            expr: 'account:contacts_used:max unless ignoring (api) account:sms_api_up:max{api="contacts"} == 0',
          },
          // Contacts a second, by the day and by the week: the slower of the two, so that one import isn't a trend.
          // After an outage that has taken the day's beginning, the week counts alone.
          {
            record: 'account:contacts_used:growth',
            expr: |||
              %s
                or
              min without (window) (
                label_replace(
                  deriv(account:contacts_used:sighted[1d])
                    and last_over_time(account:contacts_used:sighted[6h] offset 18h),
                  "window", "day", "", ""
                )
                or
                  deriv(account:contacts_used:sighted[7d])
                    and (
                      last_over_time(account:contacts_used:sighted[6h] offset 18h)
                        or last_over_time(account:contacts_used:sighted[1d] offset 6d)
                    )
              )
            ||| % promql.kept('account:contacts_used:growth', 'contacts'),
          },
          {
            record: 'account:contacts_full:seconds',
            expr: '(account:contacts_limit:max - account:contacts_used:max) / (account:contacts_used:growth > 0)',
          },
        ],
      },
    ],
  },
}
