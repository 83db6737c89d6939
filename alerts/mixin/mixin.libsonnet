// The rules, alerts and dashboards of sms-exporter, in the form of a monitoring mixin; `_config` is what can be set.
(import 'config.libsonnet') +
(import 'rules/accounts.libsonnet') +
(import 'rules/spend.libsonnet') +
(import 'alerts/collection.libsonnet') +
(import 'alerts/credit.libsonnet') +
(import 'alerts/subscription.libsonnet') +
(import 'alerts/contacts.libsonnet') +
(import 'dashboards.libsonnet')
