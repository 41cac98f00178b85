{{/* The name of the chart, or nameOverride. */}}
{{- define "quantimodo.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* The name of the objects of this release. 52 characters: a StatefulSet adds a suffix to the names of its pods. */}}
{{- define "quantimodo.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else if contains (include "quantimodo.name" .) .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "quantimodo.name" .) | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "quantimodo.selector" -}}
app.kubernetes.io/name: {{ include "quantimodo.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "quantimodo.labels" -}}
{{ include "quantimodo.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "quantimodo.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{/* The pod of both kinds: `volume` is the source of the volume at /var/lib/quantimodo, or empty for one that the StatefulSet claims. */}}
{{- define "quantimodo.pod" -}}
{{- $root := .root -}}
{{- with $root.Values -}}
metadata:
  labels:
    {{- include "quantimodo.selector" $root | nindent 4 }}
    {{- with .podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    # Another text of the settings is a restart.
    checksum/settings: {{ .settings | sha256sum }}
    {{- with .podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "quantimodo.fullname" $root }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ .terminationGracePeriodSeconds }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 10001
    runAsGroup: 10001
    fsGroup: 10001
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile:
      type: RuntimeDefault
  {{- with .imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  containers:
    - name: quantimodo
      image: {{ include "quantimodo.image" $root | quote }}
      imagePullPolicy: {{ .image.pullPolicy }}
      args: [serve]
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities:
          drop: [ALL]
      ports:
        - name: http
          containerPort: 8000
      env:
        - name: QUANTIMODO_ISSUER
          value: {{ .issuer | quote }}
        - name: QUANTIMODO_HOST
          value: 0.0.0.0
        - name: QUANTIMODO_PORT
          value: "8000"
        - name: QUANTIMODO_WORKERS
          value: {{ .workers | quote }}
        {{- with .trustedProxies }}
        - name: QUANTIMODO_TRUSTED_PROXIES
          value: {{ join "," . | quote }}
        {{- end }}
        {{- if .settings }}
        - name: QUANTIMODO_CONFIG
          value: /etc/quantimodo/quantimodo.toml
        {{- end }}
        {{- if eq .database.engine "postgres" }}
        - name: QUANTIMODO_DATABASE
          valueFrom:
            secretKeyRef:
              name: {{ .database.postgres.secret }}
              key: {{ .database.postgres.key }}
        {{- end }}
        {{- with .secretKey }}
        {{- if .secret }}
        - name: QUANTIMODO_SECRET_KEY
          valueFrom:
            secretKeyRef:
              name: {{ .secret }}
              key: {{ .key }}
        {{- end }}
        {{- end }}
        {{- with .metrics }}
        {{- if .secret }}
        - name: QUANTIMODO_METRICS_TOKEN
          valueFrom:
            secretKeyRef:
              name: {{ .secret }}
              key: {{ .key }}
        {{- end }}
        {{- end }}
        {{- range $variable, $place := .secretSettings }}
        - name: {{ $variable }}
          valueFrom:
            secretKeyRef:
              name: {{ $place.secret }}
              key: {{ $place.key }}
        {{- end }}
      startupProbe:
        httpGet:
          path: /health/ready
          port: http
        periodSeconds: 5
        timeoutSeconds: 5
        failureThreshold: 60
      readinessProbe:
        httpGet:
          path: /health/ready
          port: http
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 3
      livenessProbe:
        httpGet:
          path: /health/live
          port: http
        periodSeconds: 15
        timeoutSeconds: 5
        failureThreshold: 4
      lifecycle:
        preStop:
          exec:
            # Requests still come until each node knows that this pod ends.
            command: [sleep, "5"]
      resources:
        {{- toYaml .resources | nindent 8 }}
      volumeMounts:
        - name: data
          mountPath: /var/lib/quantimodo
        - name: temporary
          mountPath: /tmp
        {{- if .settings }}
        - name: settings
          mountPath: /etc/quantimodo
          readOnly: true
        {{- end }}
  volumes:
    - name: temporary
      emptyDir:
        medium: Memory
        sizeLimit: {{ .temporarySize }}
    {{- with $.volume }}
    - name: data
      {{- toYaml . | nindent 6 }}
    {{- end }}
    {{- if .settings }}
    - name: settings
      configMap:
        name: {{ include "quantimodo.fullname" $root }}
    {{- end }}
  {{- with .nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if eq .database.engine "postgres" }}
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "quantimodo.selector" $root | nindent 10 }}
  {{- end }}
{{- end -}}
{{- end -}}
