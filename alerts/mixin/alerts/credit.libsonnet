// Credit: what is left, how long it lasts, and what it goes for.
{
  local group = import '../lib/alerts.libsonnet',
  local messages = import '../lib/messages.libsonnet',
  local promql = (import '../lib/promql.libsonnet')($._config),
  local severities = $._config.severities,
  local weak = $._config.weakCurrencies,

  // What is left, below the threshold of one severity. An account that tops itself up may fall below it every hour: where
  // credit came within three hours, it has to stay there for a while.
  local low(name, severity, state, after, stays) = {
    alert: name,
    expr: promql.expr(|||
      account:sms_credit_available:min
        < ignoring (severity)
      account:sms_credit_balance_threshold:max{severity="%(severity)s"}
        unless (
          max_over_time(account:sms_credit_available:min[%(stays)s])
            >= ignoring (severity)
          account:sms_credit_balance_threshold:max{severity="%(severity)s"}
            and account:sms_credit_recharged:3h > 0
        )
    |||, { severity: severity, stays: stays }),
    'for': after,
    labels: { severity: severities[severity] },
    annotations: {
      summary: 'The credit of {{ $labels.account }} at {{ $labels.provider }}%s is %s.' % [messages.potOf, state],
      description: messages.line(|||
        {{ $labels.account }} has %(amount)s {{ $labels.currency }} left%(pot)s; its %(severity)s threshold is
        %(threshold)s {{ $labels.currency }}. Once that is used up, what it pays for is not sent any more.
      |||, {
        amount: messages.amount,
        pot: messages.pot,
        severity: severity,
        threshold: messages.amountOf('account:sms_credit_balance_threshold:max', 'severity="%s"' % severity),
      }),
    },
  },

  // A runway below the threshold of one severity.
  local runway(name, severity, soon) = {
    alert: name,
    expr: |||
      last_over_time(account:sms_credit_runway:seconds[30m])
        < ignoring (currency, wallet) group_left ()
      max without (severity) (account:sms_credit_runway_threshold_seconds:max{severity="%s"})
    ||| % severity,
    'for': '30m',
    keep_firing_for: '30m',
    labels: { severity: severities[severity] },
    annotations: {
      summary:
        'The credit of {{ $labels.account }} at {{ $labels.provider }}%s will be used up %s.' % [messages.potOf, soon],
      description: messages.line(|||
        {{ $labels.account }} has %(left)s {{ $labels.currency }} left%(pot)s, which lasts %(duration)s at its present
        pace (that of the last day or of the last week, whichever was faster). Then what it pays for is not sent any
        more.
      |||, {
        left: messages.amountOf('account:sms_credit_available:min'),
        pot: messages.pot,
        duration: messages.duration,
      }),
    },
  },

  prometheusAlerts+:: {
    groups+: [
      group($._config, 'sms_exporter_credit_alerts', [
        {
          alert: 'SMSCreditExhausted',
          expr: |||
            account:sms_credit_available:min
              <= ignoring (severity)
            min without (severity) (clamp_max(account:sms_credit_balance_threshold:max, 0))
            or
              max without (api, reason) (account:sms_api_failure:max{reason="insufficient_credit"})
                unless ignoring (currency, wallet) account:sms_credit_available:min <= 0
          |||,
          'for': '5m',
          labels: { severity: severities.critical },
          annotations: {
            summary: 'The credit of {{ $labels.account }} at {{ $labels.provider }}%s is used up.' % messages.potOf,
            description: messages.line(|||
              {{ if $labels.currency }}{{ $labels.account }} has %(amount)s {{ $labels.currency }} left%(pot)s (the alert
              comes at 0, or at a critical threshold below that).{{ else }}{{ $labels.provider }} refuses
              {{ $labels.account }} for lack of credit.{{ end }} What that pays for, codes for signing in perhaps, is not
              sent until it is topped up.
            |||, { amount: messages.amount, pot: messages.pot }),
          },
        },
        low('SMSCreditCritical', 'critical', 'nearly used up', '5m', '15m'),
        low('SMSCreditLow', 'warning', 'low', '15m', '1h'),
        runway('SMSCreditRunwayCritical', 'critical', 'very soon'),
        runway('SMSCreditRunwayShort', 'warning', 'soon'),
        // So many times the habit of the hour as the account's threshold says; where a few hours make most of a week (a
        // provider that tells its balance every few hours, a campaign at any time of a day) more than in any of these;
        // and more than small change: a two-hundredth of the week's spend (about what a mean hour takes), and 5 of a
        // currency, 500 of one whose unit is worth two cents or less, 50 messages or credits.
        {
          alert: 'SMSCreditSpendSpike',
          expr: promql.expr(|||
            (
                last_over_time(account:sms_credit_spend:1h[15m])
              > ignoring (severity)
                last_over_time(account:sms_credit_habit:1h[15m])
                  * ignoring (currency, wallet, severity) group_left ()
                max without (%(replicas)s) (
                  last_over_time(sms_credit_spend_spike_threshold_ratio{%(smsExporterSelector)s}[30m])
                )
            )
            > last_over_time(account:sms_credit_spend:7d[15m]) / 200
            > 5
            unless
              last_over_time(account:sms_credit_spend:1h[15m]) <= last_over_time(account:sms_credit_habit:burst1h[15m])
            unless last_over_time(account:sms_credit_spend:1h{currency!~"[A-Z]{3}"}[15m]) <= 50
            unless %(smallChange)s
          |||, {
            smallChange: std.join('\nunless ', [
              'last_over_time(\n  account:sms_credit_spend:1h{currency=~"%s"}[15m]\n) <= 500'
              % std.join('|', weak[first:first + 24])
              for first in std.range(0, std.length(weak) - 1)
              if first % 24 == 0
            ]),
          }),
          'for': '10m',
          keep_firing_for: '30m',
          labels: { severity: severities.warning },
          annotations: {
            summary: '{{ $labels.account }} at {{ $labels.provider }} spends far more than it used to.',
            description: messages.line(|||
              {{ $labels.account }} spent %(spent)s {{ $labels.currency }} within an hour%(pot)s; at this time of day it
              is used to %(usual)s. If this is no campaign and nothing that has expired, somebody may be making it send
              to numbers that earn by it (SMS pumping). What is left is %(left)s {{ $labels.currency }}.
            |||, {
              spent: messages.amount,
              pot: messages.pot,
              usual: messages.query(
                'last_over_time(account:sms_credit_habit:1h{%(own)s}[15m])', '{{ . | first | value | printf "%.2f" }}'
              ),
              left: messages.amountOf('account:sms_credit_available:min'),
            }),
          },
        },
        {
          alert: 'SMSCreditExpiring',
          expr: |||
            (account:sms_credit_expiry_timestamp_seconds:min - time()) < 14 * 86400
              and account:sms_credit_expiry_timestamp_seconds:min > time()
              and account:sms_credit_balance:min > 0
          |||,
          'for': '1h',
          labels: { severity: severities.warning },
          annotations: {
            summary: 'Credit of {{ $labels.account }} at {{ $labels.provider }}%s expires soon.' % messages.potOf,
            description: messages.line(|||
              Some of the %(left)s {{ $labels.currency }} that {{ $labels.account }} has%(pot)s is lost in %(duration)s
              unless it is used before. At many providers a top-up prolongs it.
            |||, {
              left: messages.amountOf('account:sms_credit_balance:min'),
              pot: messages.pot,
              duration: messages.duration,
            }),
          },
        },
        {
          alert: 'SMSCreditThresholdMissing',
          expr: |||
            account:sms_credit_balance:min
              unless ignoring (severity)
            account:sms_credit_balance_threshold:max
              and ignoring (currency, wallet, severity)
            account:sms_credit_runway_threshold_seconds:max > 0
          |||,
          'for': '1h',
          labels: { severity: severities.info },
          annotations: {
            summary:
              '{{ $labels.account }} at {{ $labels.provider }} has no credit threshold in {{ $labels.currency }}.',
            description: messages.line(|||
              {{ $labels.account }} has %(amount)s {{ $labels.currency }}%(pot)s, and no threshold for that unit: nobody
              will be told when it is low or used up, only when its runway is short. Set
              thresholds.credit.{{ $labels.currency }}, or thresholds.credit to null if none is wanted.
            |||, { amount: messages.amount, pot: messages.pot }),
          },
        },
      ]),
    ],
  },
}
