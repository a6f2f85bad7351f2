/**
 * What EC2's codes mean for the user: one sentence, and what to do. Codes and their meaning are from
 * the EC2 user guide ("Error codes for the Amazon EC2 API"), those of SDK and network from their sources.
 */
export interface Context {
  /** The action of the API, such as `RunInstances`. */
  readonly action?: string | undefined;
  readonly region?: string | undefined;
  readonly instanceType?: string | undefined;
  /** The requested profile, by option or environment. */
  readonly profile?: string | undefined;
}

type Explanation = (context: Context, message: string) => readonly [sentence: string, hint: string];

const region = ({ region: name }: Context) => name ?? 'the region';
const type = ({ instanceType: name }: Context) => name ?? 'this instance type';
const plain =
  (sentence: string, hint: string): Explanation =>
  () => [sentence, hint];

const EXPIRED = plain(
  'the AWS credentials have expired',
  'get new ones (aws sso login, or the tool that gave you these) and start again',
);
const UNKNOWN_KEY = plain(
  'AWS does not know these credentials',
  'check AWS_ACCESS_KEY_ID and the profile (aws sts get-caller-identity); a region that is not enabled for the account says the same',
);
const CLOCK = plain(
  "this machine's clock is wrong, so AWS does not accept its signature",
  'set the clock (timedatectl set-ntp true) and start again',
);
const BUSY: Explanation = (context) => [
  `EC2 gets too many requests from this account in ${region(context)}`,
  'wait a few minutes and start again; it was tried several times already',
];
const ILL = plain('EC2 has an error of its own', 'start again; if it stays, see health.aws.amazon.com');
const QUOTA: Explanation = (context) => [
  `the account may not run one more ${type(context)} in ${region(context)}`,
  'choose a smaller --instance-type, stop other instances (those just terminated still count for minutes), or ask for a higher vCPU quota (Service Quotas, L-1216C47A)',
];
const SPOT_PRICE = plain(
  'the spot price is above what was offered',
  'omit --spot; the run falls back to on-demand automatically',
);
const NO_VPC: Explanation = (context) => [
  `the account has no default VPC in ${region(context)}`,
  'name a subnet with a way to the internet (--subnet subnet-…), or make a default VPC (aws ec2 create-default-vpc)',
];
const UNREACHABLE: Explanation = (context) => [
  `EC2 in ${region(context)} cannot be reached`,
  "check this machine's network and its proxy (HTTPS_PROXY, NO_PROXY), then start again",
];
const UNTRUSTED = plain(
  "the certificate of EC2's address is not trusted",
  'something between here and AWS replaces it: set NODE_EXTRA_CA_CERTS to the file with its CA (AWS_CA_BUNDLE is for the aws command alone)',
);
const DENIED: Explanation = ({ action }, message) => [
  `the credentials do not allow ${/not authorized to perform: (\S+)/.exec(message)?.[1] ?? `ec2:${action}`}`,
  'add it to the policy of this user or role; the README has the whole policy',
];

/** By code. */
export const EXPLANATIONS: Readonly<Record<string, Explanation>> = {
  CredentialsProviderError: ({ profile }) =>
    profile
      ? [
          `the profile ${profile} has no AWS credentials in ~/.aws`,
          'check --profile and AWS_PROFILE (aws configure list-profiles)',
        ]
      : [
          'there are no AWS credentials',
          'set AWS_PROFILE or --profile, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run aws configure',
        ],
  TokenProviderError: EXPIRED,
  ExpiredToken: EXPIRED,
  ExpiredTokenException: EXPIRED,
  AuthFailure: UNKNOWN_KEY,
  InvalidClientTokenId: UNKNOWN_KEY,
  UnrecognizedClientException: UNKNOWN_KEY,
  SignatureDoesNotMatch: plain(
    'the secret key does not belong to the access key',
    'check AWS_SECRET_ACCESS_KEY, or the profile, for a missing or extra character',
  ),
  RequestExpired: CLOCK,
  RequestTimeTooSkewed: CLOCK,
  UnauthorizedOperation: DENIED,
  AccessDenied: DENIED,
  'AuthFailure.ServiceLinkedRoleCreationNotPermitted': plain(
    'the account has no role for spot instances yet and the credentials may not make it',
    'omit --spot, or have an administrator run aws iam create-service-linked-role --aws-service-name spot.amazonaws.com',
  ),
  OptInRequired: plain(
    'the account is not signed up for this service or image',
    'open the AWS console with this account and accept what it asks for',
  ),
  PendingVerification: plain(
    'AWS is still checking this account',
    'wait for its e-mail (up to four hours), or ask AWS support, or try another region',
  ),
  Blocked: plain('AWS has blocked this account', 'ask AWS support'),
  VcpuLimitExceeded: QUOTA,
  InstanceLimitExceeded: QUOTA,
  InsufficientInstanceCapacity: (context) => [
    `AWS has no free ${type(context)} in ${region(context)} just now`,
    'start again later, or choose another --instance-type, --region, or --subnet of another zone',
  ],
  Unsupported: (context) => [
    `${type(context)} is not offered in this zone of ${region(context)}, or does not go with the image`,
    'choose another --instance-type, or a --subnet of another zone',
  ],
  InvalidInstanceType: (context) => [
    `there is no instance type ${type(context)} in ${region(context)}`,
    'choose another --instance-type',
  ],
  'InvalidAMIID.NotFound': (context) => [
    `${region(context)} has no such image`,
    'an image belongs to one region: check --image and --region',
  ],
  'InvalidAMIID.Unavailable': plain(
    'the image is not available',
    'wait until it is, or choose another --image',
  ),
  'InvalidUserData.Malformed': plain('EC2 does not accept this user data', 'report this with the document'),
  VPCIdNotSpecified: NO_VPC,
  MissingInput: NO_VPC,
  DefaultVpcDoesNotExist: NO_VPC,
  'InvalidSubnetID.NotFound': (context) => [
    `${region(context)} has no such subnet`,
    'a subnet belongs to one region and account: check --subnet, --region and --profile',
  ],
  InsufficientFreeAddressesInSubnet: plain('the subnet has no free address', 'choose another --subnet'),
  'InvalidKeyPair.NotFound': (context) => [
    `${region(context)} has no such key pair`,
    'a key pair belongs to one region: check --key-pair, or omit it',
  ],
  'InvalidGroup.Duplicate': plain(
    'a security group of this name exists already',
    'start again: each run has a name of its own',
  ),
  'InvalidGroup.NotFound': plain(
    'the security group is gone',
    'someone has removed it meanwhile: start again',
  ),
  'InvalidInstanceID.NotFound': plain(
    'the instance is gone',
    'someone has removed it meanwhile: start again',
  ),
  SecurityGroupLimitExceeded: plain(
    'the account has as many security groups as it may have',
    'remove old ones; gen-cloudinit sweep ec2 finds those of earlier runs',
  ),
  RulesPerSecurityGroupLimitExceeded: plain('the security group takes no more rules', 'omit --open'),
  DependencyViolation: plain(
    'something still holds it, as a terminated instance does for minutes',
    'run the sweep again in a few minutes',
  ),
  OperationNotPermitted: plain(
    'it is protected against that',
    'take termination protection off in the EC2 console, then run the sweep again',
  ),
  IncorrectInstanceState: plain(
    'the state of the instance does not allow that',
    'see its state in the EC2 console',
  ),
  MaxSpotInstanceCountExceeded: plain(
    'the account may not run one more spot instance',
    'omit --spot; the run falls back to on-demand automatically',
  ),
  SpotMaxPriceTooLow: SPOT_PRICE,
  'InvalidAMIName.Duplicate': plain(
    'the account has an image of this name already',
    'choose another --name, or remove that image first',
  ),
  'InvalidAMIName.Malformed': plain(
    'EC2 does not accept this name for an image',
    "use 3 to 128 letters, digits and ()[] ./-'@_",
  ),
  'InvalidSnapshot.InUse': plain('an image still uses the snapshot', 'remove that image first'),
  IdempotentParameterMismatch: plain('two different requests had the same token', 'start again'),
  RequestLimitExceeded: BUSY,
  Throttling: BUSY,
  ThrottlingException: BUSY,
  InternalError: ILL,
  InternalFailure: ILL,
  ServiceUnavailable: ILL,
  Unavailable: ILL,
  ENOTFOUND: (context) => [
    `there is no EC2 at the address of ${region(context)}`,
    "check how --region is written, and this machine's network",
  ],
  EAI_AGAIN: UNREACHABLE,
  ECONNREFUSED: UNREACHABLE,
  ECONNRESET: UNREACHABLE,
  EHOSTUNREACH: UNREACHABLE,
  ENETUNREACH: UNREACHABLE,
  EPIPE: UNREACHABLE,
  ETIMEDOUT: UNREACHABLE,
  TimeoutError: UNREACHABLE,
  NetworkingError: UNREACHABLE,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
};

/** Where the code alone does not say enough; checked before the codes. */
export const PATTERNS: readonly {
  readonly codes?: readonly string[];
  readonly says: RegExp;
  readonly explanation: Explanation;
}[] = [
  {
    says: /XML parse error|Deserialization error/,
    explanation: (c) => [
      `what answers at the address of ${region(c)} is not EC2`,
      'something in between answers instead: check the proxy, a login page of the network, and AWS_ENDPOINT_URL',
    ],
  },
  {
    codes: ['CredentialsProviderError', 'TokenProviderError'],
    says: /expired|sso|refresh/i,
    explanation: plain(
      'the AWS single sign-on session has expired',
      'run aws sso login (with --profile as here) and start again',
    ),
  },
  { codes: ['SignatureDoesNotMatch'], says: /expired|not yet current/i, explanation: CLOCK },
  {
    codes: ['InvalidParameterValue'],
    says: /user data/i,
    explanation: plain(
      'the user data is over 16,384 bytes',
      'compress it (--format gzip), or make it smaller',
    ),
  },
  {
    codes: ['InvalidParameterValue'],
    says: /instance type/i,
    explanation: (c) => EXPLANATIONS.InvalidInstanceType!(c, ''),
  },
  {
    codes: ['InvalidParameterValue'],
    says: /not in .*state/i,
    explanation: (c) => EXPLANATIONS.IncorrectInstanceState!(c, ''),
  },
];
