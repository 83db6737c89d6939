// The plan: its status, its end, its features.
{
  local group = import '../lib/alerts.libsonnet',
  local messages = import '../lib/messages.libsonnet',
  local severities = $._config.severities,

  // A plan that ends, by the threshold of one severity.
  local ending(name, severity, soon, after) = {
    alert: name,
    expr: |||
      (
          (account:sms_subscription_end_timestamp_seconds:max - time())
        < ignoring (severity)
          account:sms_subscription_remaining_threshold_seconds:max{severity="%s"}
      )
      unless account:sms_subscription_auto_renew:max == 1
      unless ignoring (status) account:sms_subscription_status:max{status=~"expired|cancelled"} == 1
    ||| % severity,
    'for': after,
    labels: { severity: severities[severity] },
    annotations: {
      summary: 'The plan of {{ $labels.account }} at {{ $labels.provider }} ends %s.' % soon,
      description: messages.line(|||
        The plan of {{ $labels.account }} {{ if lt $value 0.0 }}ended {{ $value | %(span)s | reReplaceAll "-" "" }}
        ago{{ else }}ends in %(duration)s{{ end }} and doesn't renew itself, as far as the provider says; the
        %(severity)s threshold is %(threshold)s. Without a plan it sends nothing.
      |||, {
        span: messages.span,
        duration: messages.duration,
        severity: severity,
        threshold: messages.durationOf(
          'account:sms_subscription_remaining_threshold_seconds:max', 'severity="%s"' % severity
        ),
      }),
    },
  },

  prometheusAlerts+:: {
    groups+: [
      group($._config, 'sms_exporter_subscription_alerts', [
        {
          alert: 'SMSSubscriptionSuspended',
          expr: |||
            (
                max without (status) (account:sms_subscription_status:max{status="suspended"} == 1)
              or
                max without (api, reason) (account:sms_api_failure:max{reason="suspended"})
            ) == 1
          |||,
          'for': '5m',
          labels: { severity: severities.critical },
          annotations: {
            summary: '{{ $labels.provider }} has suspended {{ $labels.account }}.',
            description: messages.line(|||
              {{ $labels.provider }} reports {{ $labels.account }} as suspended: it sends nothing, whatever credit it
              has, until the provider lifts that. A payment that failed is the usual cause.
            |||),
          },
        },
        {
          alert: 'SMSSubscriptionExpired',
          expr: 'max without (status) (account:sms_subscription_status:max{status=~"expired|cancelled"}) == 1',
          'for': '5m',
          labels: { severity: severities.critical },
          annotations: {
            summary: 'The plan of {{ $labels.account }} at {{ $labels.provider }} is over.',
            description: messages.line(|||
              The plan of {{ $labels.account }} is %(status)s. It sends nothing until the plan is renewed or another one
              begins.
            |||, {
              status: messages.query(
                'account:sms_subscription_status:max{status=~"expired|cancelled", %(own)s} == 1',
                '{{ . | first | label "status" }}',
                otherwise='over',
              ),
            }),
          },
        },
        {
          alert: 'SMSSubscriptionStatusUnknown',
          expr: 'max without (status) (account:sms_subscription_status:max{status="unknown"}) == 1',
          'for': '30m',
          labels: { severity: severities.warning },
          annotations: {
            summary: '{{ $labels.provider }} reports a status of {{ $labels.account }} that nobody knows.',
            description: messages.line(|||
              {{ $labels.provider }} reports the plan of {{ $labels.account }} with a status that the exporter doesn't
              know; its log has the word. It may be harmless or mean that sending stops: look in the provider's console.
            |||),
          },
        },
        ending('SMSSubscriptionEndingCritical', 'critical', 'very soon', '5m'),
        ending('SMSSubscriptionEndingSoon', 'warning', 'soon', '1h'),
        {
          alert: 'SMSSubscriptionRenewalOverdue',
          expr: |||
            (time() - account:sms_subscription_end_timestamp_seconds:max) > 86400
              and account:sms_subscription_auto_renew:max == 1
              unless ignoring (status) account:sms_subscription_status:max{status=~"suspended|expired|cancelled"} == 1
          |||,
          'for': '15m',
          labels: { severity: severities.warning },
          annotations: {
            summary: 'The renewal of {{ $labels.account }} at {{ $labels.provider }} is overdue.',
            description: messages.line(|||
              The plan of {{ $labels.account }} renews itself, but it ended %(duration)s ago (the alert comes after a
              day): the payment has probably failed. The provider may suspend it at any time, and from then on it sends
              nothing.
            |||, { duration: messages.duration }),
          },
        },
        {
          alert: 'SMSFeatureMissing',
          expr: |||
            (
                account:sms_subscription_feature_expected:max == 1
              unless
                account:sms_subscription_feature_enabled:max == 1
            )
            and ignoring (feature, status) account:sms_subscription_status:max == 1
          |||,
          'for': '15m',
          labels: { severity: severities.warning },
          annotations: {
            summary: 'The plan of {{ $labels.account }} at {{ $labels.provider }} lacks {{ $labels.feature }}.',
            description: messages.line(|||
              expect_features of {{ $labels.account }} names {{ $labels.feature }}, and its plan doesn't have it or has
              it switched off: messages over {{ $labels.feature }} are refused, or leave by another channel at its
              price.
            |||),
          },
        },
      ]),
    ],
  },
}
