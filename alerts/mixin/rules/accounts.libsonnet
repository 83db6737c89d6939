// One series for an account, whatever the number of replicas. Replicas ask on their own and cache what they hear, so
// their answers differ: one that is more than two minutes older than the newest doesn't count, and of the others always
// the lowest balance does, so that turns between replicas are no spend. A value outlives failed scrapes for 30 minutes,
// and as what was last seen for as long as the provider can't be asked.
{
  local promql = (import '../lib/promql.libsonnet')($._config),

  prometheusRules+:: {
    groups+: [
      {
        name: 'sms_exporter_accounts',
        interval: '1m',
        rules: [
          // How much older a replica's answer is than the newest, where that is too much.
          {
            record: 'instance:sms_api_behind:seconds',
            expr: promql.expr(|||
              (
                  max without (%(replicas)s) (
                    last_over_time(sms_api_last_success_timestamp_seconds{%(smsExporterSelector)s}[30m])
                  )
                - ignoring (%(replicas)s) group_right ()
                  last_over_time(sms_api_last_success_timestamp_seconds{%(smsExporterSelector)s}[30m])
              ) > 120
            |||),
          },
          // An hour, as what is held for the provider's sake must outlive an exporter that is away, or Prometheus.
          {
            record: 'account:sms_api_up:max',
            expr: promql.expr('max without (%(replicas)s) (last_over_time(sms_api_up{%(smsExporterSelector)s}[1h]))'),
          },
          // How many jobs are exporters, and were ten minutes ago: a job that is renamed is never two.
          {
            record: 'sms_exporter:jobs:count',
            expr: promql.expr(|||
              count (
                count by (job, namespace) (sms_exporter_build_info{%(smsExporterSelector)s} offset 10m)
                  and
                count by (job, namespace) (sms_exporter_build_info{%(smsExporterSelector)s})
              )
            |||),
          },
          // Why nobody gets an answer: only while no replica does.
          {
            record: 'account:sms_api_failure:max',
            expr: promql.expr(|||
              max without (%(replicas)s) (last_over_time(sms_api_failure{%(smsExporterSelector)s}[10m]))
                unless ignoring (reason) account:sms_api_up:max == 1
            |||),
          },

          promql.newest('min', 'sms_credit_balance', 'credit', ['currency', 'wallet']),
          promql.newest('max', 'sms_credit_overdraft_limit', 'credit', ['currency', 'wallet']),
          // What can still be spent.
          {
            record: 'account:sms_credit_available:min',
            expr: |||
              account:sms_credit_balance:min + account:sms_credit_overdraft_limit:max
                or account:sms_credit_balance:min
            |||,
          },
          // What came in lately: an account that is topped up by itself is low for a moment, again and again.
          {
            record: 'account:sms_credit_recharged:3h',
            expr: promql.expr(
              'max without (%(replicas)s) (increase(sms_credit_recharged_total{%(smsExporterSelector)s}[3h]))'
            ),
          },
          promql.newest('min', 'sms_credit_expiry_timestamp_seconds', 'credit', ['currency', 'wallet']),
          promql.newest('max', 'sms_credit_balance_threshold', 'credit', ['currency', 'wallet', 'severity']),
          promql.alike('max', 'sms_credit_runway_threshold_seconds'),
          // Money alone: credits and messages have no common unit.
          {
            record: 'currency:sms_credit_balance:sum',
            expr: 'sum by (job, namespace, currency) (account:sms_credit_balance:min{currency=~"[A-Z]{3}"})',
          },

          promql.newest('max', 'sms_subscription_status', 'subscription', ['status']),
          promql.newest('max', 'sms_subscription_end_timestamp_seconds', 'subscription'),
          promql.newest('max', 'sms_subscription_auto_renew', 'subscription'),
          promql.alike('max', 'sms_subscription_remaining_threshold_seconds'),
          promql.newest('max', 'sms_subscription_feature_enabled', 'subscription', ['feature']),
          promql.newest('max', 'sms_subscription_feature_expected', 'subscription', ['feature']),

          promql.newest('max', 'contacts_used_ratio', 'contacts'),
          promql.alike('min', 'contacts_used_ratio_threshold'),
        ],
      },
    ],
  },
}
