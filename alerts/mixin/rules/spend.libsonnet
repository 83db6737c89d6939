// Spend and runway. A step compares a sighting of the balance with the one before (5 minutes earlier, more after a gap)
// and keeps both what went and how long that took: an estimate is what went in a window, divided by the time that was
// watched. Gaps, restarts and stepped balances don't bend it, and it needs no full window.
{
  local promql = (import '../lib/promql.libsonnet')($._config),
  local balanceLabels = ['currency', 'wallet'],

  // What went in a window, as if the whole of it had been watched. Windows are half a minute short of their names, so
  // that no step is counted on both of their edges, as Prometheus 2 does.
  local inWindow(steps, seconds, window) =
    |||
      %(seconds)s * sum_over_time(%(steps)s[%(window)s])
        / sum_over_time(account:sms_credit_decrease_duration:step[%(window)s])
    ||| % { steps: steps, seconds: seconds, window: window },

  // Steps without the lone ones: those above a fifth of a usual week's spend that nothing near their size (a fifth of
  // it) came before within a window. The step itself is recorded by now, and must not be compared with itself.
  local together(window) =
    |||
      account:sms_credit_decrease:step
        unless (
          account:sms_credit_decrease:step > 0.2 * last_over_time(account:sms_credit_spend:7d[30m] offset 15m)
            unless
          account:sms_credit_decrease:step <= 5 * max_over_time(account:sms_credit_decrease:step[%s] offset 5m)
        )
    ||| % window,

  prometheusRules+:: {
    groups+: [
      {
        name: 'sms_exporter_spend',
        interval: '5m',
        rules: [
          // The balance where it was really read, and when.
          {
            record: 'account:sms_credit_balance:sighted',
            expr: promql.expr(|||
              account:sms_credit_balance:min
                and max without (%(replicas)s) (last_over_time(sms_credit_balance{%(smsExporterSelector)s}[5m]))
            |||),
          },
          { record: 'account:sms_credit_sighting:timestamp', expr: '0 * account:sms_credit_balance:sighted + time()' },
          // What went in a step. A rise above all that was there an hour ago is a top-up: what was spent beside it is
          // not known, so the step doesn't count at all. A smaller rise is a refund or a correction: nothing went.
          {
            record: 'account:sms_credit_decrease:step',
            expr: |||
              clamp_min(
                last_over_time(account:sms_credit_balance:sighted[6h] offset 5m) - account:sms_credit_balance:sighted,
                0
              )
              unless
                account:sms_credit_balance:sighted
                  > (
                    max_over_time(account:sms_credit_balance:sighted[1h] offset 5m)
                    or last_over_time(account:sms_credit_balance:sighted[6h] offset 5m)
                  )
            |||,
          },
          {
            record: 'account:sms_credit_decrease_duration:step',
            expr: |||
              (time() - last_over_time(account:sms_credit_sighting:timestamp[6h] offset 5m))
                and account:sms_credit_decrease:step
            |||,
          },
          // Lone steps, as when credit expires or is corrected, are spend and leave the windows in time, but nobody
          // should expect them to go on. What is lone within a day makes no pace by the day and no spike; within eight
          // days of its like it is a batch, and makes a pace by the week.
          { record: 'account:sms_credit_usage:step', expr: together('1d') },
          { record: 'account:sms_credit_batches:step', expr: together('8d') },
          {
            record: 'account:sms_credit_spend:1h',
            expr: inWindow('account:sms_credit_decrease:step', '3600', '59m30s'),
          },
          {
            record: 'account:sms_credit_spend:1d',
            expr: inWindow('account:sms_credit_decrease:step', '86400', '23h59m30s'),
          },
          {
            record: 'account:sms_credit_spend:7d',
            expr: inWindow('account:sms_credit_decrease:step', '7 * 86400', '6d23h59m30s'),
          },
          {
            record: 'account:sms_credit_spend:30d',
            expr: inWindow('account:sms_credit_decrease:step', '30 * 86400', '29d23h59m30s'),
          },
          {
            record: 'account:sms_credit_usage:1h',
            expr: inWindow('account:sms_credit_usage:step', '3600', '59m30s'),
          },
          {
            record: 'account:sms_credit_usage:1d',
            expr: inWindow('account:sms_credit_usage:step', '86400', '23h59m30s'),
          },
          // The pace of a week counts once there is a week of it, or a weekend would look like the end of all spending.
          {
            record: 'account:sms_credit_usage:7d',
            expr: |||
              (
                7 * 86400 * sum_over_time(account:sms_credit_batches:step[6d23h59m30s])
                  / sum_over_time(account:sms_credit_decrease_duration:step[6d23h59m30s])
              )
              and last_over_time(account:sms_credit_balance:sighted[1d] offset 6d)
            |||,
          },
          // The day's pace, or the week's if that is faster; the week's as well while less than six hours of the day
          // were watched, or a busy half hour after an outage would count as a day. While the provider can't be asked
          // the pace stays as it was, and with the balance the runway: what isn't seen is no reason to think it better
          // or worse.
          {
            record: 'account:sms_credit_pace:1d',
            expr: |||
              %s
                or
                  account:sms_credit_usage:1d
                    unless account:sms_credit_usage:1d < account:sms_credit_usage:7d / 7
                    unless (
                      account:sms_credit_usage:7d
                        and sum_over_time(account:sms_credit_decrease_duration:step[23h59m30s]) < 6 * 3600
                    )
                or
                  account:sms_credit_usage:7d / 7
            ||| % promql.kept('account:sms_credit_pace:1d', 'credit', balanceLabels),
          },
          // Where there is history enough to alert on the pace: six hours of it, or a week's pace. An outage neither
          // ends it nor begins it.
          {
            record: 'account:sms_credit_pace:known',
            expr: |||
              0 * (
                  last_over_time(account:sms_credit_balance:sighted[12h] offset 6h)
                    unless ignoring (currency, wallet, api) account:sms_api_up:max{api="credit"} == 0
                or
                  account:sms_credit_usage:7d
                or
                  %s
              ) + 1
            ||| % promql.kept('account:sms_credit_pace:known', 'credit', balanceLabels),
          },
          // Below zero there is nothing left to last, and an account that is paid afterwards has no runway.
          {
            record: 'account:sms_credit_runway:seconds',
            expr: '86400 * (account:sms_credit_balance:min >= 0) / (account:sms_credit_pace:1d > 0)',
          },
          {
            record: 'currency:sms_credit_spend:1d',
            expr: 'sum by (job, namespace, currency) (account:sms_credit_spend:1d{currency=~"[A-Z]{3}"})',
          },
          // The same hour give or take one, on each of the seven days before: hours end where they are recorded.
          {
            record: 'account:sms_credit_habit:mean1h',
            local hour(day) =
              '  label_replace(avg_over_time(account:sms_credit_usage:1h[2h] offset %dh), "day", "%d", "", "")'
              % [24 * day - 1, day],
            expr: 'avg without (day) (\n%s\n)' % std.join('\n  or\n', [hour(day) for day in std.range(1, 7)]),
          },
          // What goes in such an hour: the mean of the same hour on the seven days before, or the most of it a week ago
          // if that is more (a campaign on a weekday of its own). Three days are the least to call a habit.
          {
            record: 'account:sms_credit_habit:1h',
            expr: |||
              (
                  account:sms_credit_habit:mean1h > max_over_time(account:sms_credit_usage:1h[2h] offset 167h)
                or
                  max_over_time(account:sms_credit_usage:1h[2h] offset 167h)
                or
                  account:sms_credit_habit:mean1h
              )
              and last_over_time(account:sms_credit_usage:1h[97h] offset 71h)
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
                  (
                    deriv(account:contacts_used:sighted[1d])
                      and last_over_time(account:contacts_used:sighted[6h] offset 18h)
                  )
                    < deriv(account:contacts_used:sighted[7d])
                or
                  deriv(account:contacts_used:sighted[7d])
                    and (
                      last_over_time(account:contacts_used:sighted[6h] offset 18h)
                        or last_over_time(account:contacts_used:sighted[1d] offset 6d)
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
